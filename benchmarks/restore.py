"""Logs a million metric values and a GB of artifacts, loses the artifacts, or compares what is there with what was logged.

Usage: restore.py log | lose | compare. Knows nothing but the environment: mlflow_env.sh was sourced before. Remembers in
the file known.json what it has logged.
"""

import hashlib
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
from mlflow.entities import Metric
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

RUNS = 10
BATCHES, BATCH = 100, 1000  # of each run; MLflow takes no more than 1000 at once
ARTIFACT_BYTES = 100_000_000  # of each run

client, known = MlflowClient(), Path("known.json")


def log_run(experiment):
    run = client.create_run(experiment).info.run_id
    for batch in range(BATCHES):
        steps = range(batch * BATCH, (batch + 1) * BATCH)
        client.log_batch(run, [Metric("loss", step / 7, step, step) for step in steps])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "checkpoint.pt")
        file.write_bytes(os.urandom(ARTIFACT_BYTES))
        client.log_artifact(run, str(file))
        return run, hashlib.sha256(file.read_bytes()).hexdigest()


def compare(run, digest):
    values = [point.value for point in client.get_metric_history(run, "loss")]
    assert values == [step / 7 for step in range(BATCHES * BATCH)], f"{run} has {len(values)} values"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(client.download_artifacts(run, "checkpoint.pt", folder))
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, run


if sys.argv[1] == "log":
    where = mlflow.set_experiment("restore").experiment_id
    with ThreadPoolExecutor(4) as pool:
        known.write_text(json.dumps(dict(pool.map(log_run, [where] * RUNS))))
elif sys.argv[1] == "lose":
    for run in json.loads(known.read_text()):
        get_artifact_repository(client.get_run(run).info.artifact_uri).delete_artifacts("checkpoint.pt")
else:
    for run, digest in json.loads(known.read_text()).items():
        compare(run, digest)
