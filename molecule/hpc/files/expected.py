"""Tells what the jobs' databases and folders have, read without MLflow: as JSON, by run name.

Usage: expected.py JOBS_FOLDER
"""

import hashlib
import json
import sqlite3
import sys
from pathlib import Path


def digests(uri):
    folder = Path(uri.removeprefix("file://"))
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


MODELS = "SELECT artifact_location FROM logged_models WHERE source_run_id = ?"


def has_models(database):
    """MLflow 2 knows none."""
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'logged_models'").fetchone()


found = {}
for path in Path(sys.argv[1]).glob("*.db"):
    database = sqlite3.connect(path)
    for run, name, status, start, end, uri in database.execute(
        "SELECT run_uuid, name, status, start_time, end_time, artifact_uri FROM runs"
    ):
        points = database.execute(
            "SELECT key, timestamp, step, CASE WHEN is_nan THEN 'nan' ELSE value END FROM metrics WHERE run_uuid = ?",
            [run],
        )
        models = database.execute(MODELS, [run]) if has_models(database) else ()
        parents = database.execute("SELECT value FROM tags WHERE run_uuid = ? AND key = 'mlflow.parentRunId'", [run])
        found[name] = {
            "source": run,
            "parent": next((parent for (parent,) in parents), None),
            "status": status,
            "times": [start, end],
            "params": dict(database.execute("SELECT key, value FROM params WHERE run_uuid = ?", [run])),
            "points": sorted(map(list, points), key=str),
            "files": digests(uri),
            "models": [digests(location) for (location,) in models],
        }
json.dump(found, sys.stdout)
