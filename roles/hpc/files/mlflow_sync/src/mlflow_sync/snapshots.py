"""Copies of databases, to be read by the MLflow that runs here. What jobs have left is never changed."""

import os
import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from . import Refusal, databases


def snapshot(source, folder):
    """Return the path of a copy of a database, with the schema of the MLflow that runs here.

    Raises a Refusal if a newer MLflow has written it.
    """
    # MLflow makes the folder for artifacts of each database it opens; in this one nothing is ever put into it.
    os.environ.setdefault("MLFLOW_ARTIFACTS_PATH", str(folder))
    path = Path(folder, f"{len(list(Path(folder).iterdir()))}-{Path(source).name}")
    databases.copy(source, path)
    look_into(path, source)
    return path


def look_into(path, source=None):
    """Have MLflow open a database. It makes one that is not there, and changes many an older schema without a word.

    Raises a Refusal, which calls it `source`, if a newer MLflow has written it.
    """
    try:
        MlflowClient(databases.url_of(path)).search_experiments(max_results=1)
    except MlflowException as problem:
        if "schema" not in str(problem):
            raise
        upgrade(path, source or path)


def upgrade(path, source):
    command = [sys.executable, "-m", "mlflow", "db", "upgrade", databases.url_of(path)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode != 0:
        raise Refusal(
            f"{source} can't be read by the MLflow that runs here. If a newer one has written it, use that one's virtual "
            f"environment. It says: {run.stderr.strip().splitlines()[-1:]}"
        )
