"""The command mlflow-database."""

import os
import sqlite3
import time
from pathlib import Path

import click

from . import Refusal, databases
from .snapshots import look_into


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """Have the database that MLFLOW_SQLITE_DB_PATH names, with the schema of the MLflow that runs here.

    Before the schema of one that is there is changed, a copy of it is put beside.
    """
    try:
        click.echo(have(os.environ.get("MLFLOW_SQLITE_DB_PATH", "")))
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


def have(url):
    """Return in words what was done about a database."""
    path = Path(url.removeprefix(databases.PREFIX))
    if not url.startswith(databases.PREFIX) or not path.is_absolute():
        raise Refusal(
            f"MLFLOW_SQLITE_DB_PATH: found '{url}', expected {databases.PREFIX}/absolute/path.db. Three slashes belong to "
            "the scheme, and the fourth to the path."
        )
    if not path.exists():
        look_into(path)
        return f"{path} was made"
    before = path.with_name(f"{path.stem}.before-{time.strftime('%Y-%m-%d-%H%M%S')}{path.suffix}.kept")
    try:
        databases.copy(path, before)
    except sqlite3.Error as problem:
        raise Refusal(f"MLFLOW_SQLITE_DB_PATH: found {path}, which is no database of SQLite: {problem}") from problem
    try:
        look_into(path)
    finally:
        if databases.revision(path) == databases.revision(before):
            before.unlink()
    return (
        f"{path} has a newer schema now. As it was, it is kept as {before}" if before.exists() else f"{path} is ready"
    )
