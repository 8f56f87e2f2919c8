"""Compares, as one of the lab's people, what the lab's server has with what FILE says that was logged elsewhere.

Knows nothing but the environment: mlflow_env.sh was sourced before.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

logged = json.loads(Path(sys.argv[1]).read_text())
client = MlflowClient()


def digest_in(folder):
    return hashlib.sha256(Path(folder, "model.bin").read_bytes()).hexdigest()


with tempfile.TemporaryDirectory() as home:
    for run_id, due in logged["runs"].items():
        assert client.get_run(run_id).data.params == {"domain": "ClimatExML"}
        assert [point.value for point in client.get_metric_history(run_id, "loss")] == due["losses"], run_id
        assert digest_in(client.download_artifacts(run_id, "model", home)) == due["sha256"], run_id
    for version, run_id in logged["models"].items():
        folder = mlflow.artifacts.download_artifacts(
            f"models:/downscaling/{version}", dst_path=tempfile.mkdtemp(dir=home)
        )
        assert digest_in(folder) == logged["runs"][run_id]["sha256"], version
names = {experiment.name for experiment in client.search_experiments()}
assert {"Default", "rain", "été", "empty", "lost", "deployment-check"} <= names, names
