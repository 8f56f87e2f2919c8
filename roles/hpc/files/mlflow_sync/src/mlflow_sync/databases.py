"""The SQLite databases of jobs, as files. Nothing here needs MLflow, which takes seconds to load."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from . import Refusal

PREFIX = "sqlite:///"
BUSY_S = 60


def url_of(path):
    """Return the URL of a database. After the three slashes comes an absolute path, and so a fourth."""
    return PREFIX + str(Path(path).absolute())


def places(given):
    """Return the places that somebody has given, by default the folder that MLFLOW_JOBS_PATH names."""
    found = given or list(filter(None, [os.environ.get("MLFLOW_JOBS_PATH")]))
    if not found:
        raise Refusal("name a database or a folder: MLFLOW_JOBS_PATH is not set")
    return found


def find(places):
    """Return the MLflow databases that places name: files, URLs of SQLite, or folders, which are searched.

    The one that was written last comes last. Raises a Refusal that names all the places where there is none.
    """
    found, missing = set(), []
    for place in map(str, places):
        path = Path(place.removeprefix(PREFIX)).expanduser()
        if path.is_dir():
            here = [file for file in path.rglob("*.db") if has_runs(file)]
        else:
            here = [path] if path.is_file() and has_runs(path) else []
        found.update(file.resolve() for file in here)
        if not here:
            missing.append(place)
    if missing:
        raise Refusal(
            f"found no MLflow database in {', '.join(missing)}. Name a file, a folder with *.db, or {PREFIX}/path/to.db"
        )
    return sorted(found, key=lambda file: (file.stat().st_mtime, file))


def revision(path):
    """Return which schema a database has, as MLflow calls it; None where there is none."""
    with contextlib.closing(reader(path)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def has_runs(path):
    try:
        return revision(path) is not None
    except sqlite3.Error:
        return False


def reader(path):
    return sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)


def copy(source, target):
    """Copy a database that others may be writing, and put the whole copy in its place at once."""
    target = Path(target)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            contextlib.closing(reader(source)) as original,
            contextlib.closing(sqlite3.connect(partial)) as duplicate,
        ):
            original.backup(duplicate)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def end_runs(path):
    """Mark the runs that a program has not ended as killed, for it can't any more. Any MLflow's schema has these columns."""
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S)) as database, database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            ended = "UPDATE runs SET status = 'KILLED', end_time = ? WHERE status = 'RUNNING'"
            database.execute(ended, [round(time.time() * 1000)])
