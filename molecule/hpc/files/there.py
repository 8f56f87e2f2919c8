"""Compares what the server has of an experiment with what expected.py has told. Knows nothing but the environment.

Usage: there.py EXPERIMENT < EXPECTED
"""

import hashlib
import json
import math
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

client = MlflowClient()


def digests(uri):
    with tempfile.TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
        root = Path(folder, "artifacts") if Path(folder, "artifacts").is_dir() else Path(folder)
        return {
            str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in root.rglob("*")
            if file.is_file()
        }


experiment = client.get_experiment_by_name(sys.argv[1])
runs = client.search_runs([experiment.experiment_id], max_results=1000)
sources = {run.info.run_id: run.data.tags["mlflow_sync.source_run_id"] for run in runs}
models = {}
for model in client.search_logged_models([experiment.experiment_id], max_results=1000):
    models.setdefault(model.source_run_id, []).append(digests(model.artifact_location))
expected = json.load(sys.stdin)
assert sorted(run.info.run_name for run in runs) == sorted(expected), sorted(run.info.run_name for run in runs)
for run in runs:
    due = expected[run.info.run_name]
    points = [
        [each.key, each.timestamp, each.step, "nan" if math.isnan(each.value) else each.value]
        for key in run.data.metrics
        for each in client.get_metric_history(run.info.run_id, key)
    ]
    parent = run.data.tags.get("mlflow.parentRunId")
    there = {
        "source": sources[run.info.run_id],
        "parent": sources[parent] if parent else None,
        "status": run.info.status,
        "times": [run.info.start_time, run.info.end_time],
        "params": run.data.params,
        "points": sorted(points, key=str),
        "files": digests(run.info.artifact_uri) if client.list_artifacts(run.info.run_id) else {},
        "models": models.get(run.info.run_id, []),
    }
    assert there == due, f"{run.info.run_name}: {[key for key in due if there[key] != due[key]]}"
points = sum(len(due["points"]) for due in expected.values())
print(f"{len(runs)} runs with {points} metric values are the same, each parameter, time, file and model, too")
