"""Logs runs as one of the lab's people, remembers what went in, and compares what is there later.

Knows nothing but the environment: mlflow_env.sh was sourced before. FILE remembers, as JSON.
Usage: science.py log FILE | replace FILE | same FILE | absent FILE
"""

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

# The second is uploaded in several parts, whose checksum is none of the whole.
SIZES = {"field.nc": 300_000, "checkpoint.pt": 30_000_000}

client = MlflowClient()


def upload(run_id, folder):
    """Upload files with new content; return their checksums."""
    sums = {}
    for name, size in SIZES.items():
        path = Path(folder, name)
        path.write_bytes(os.urandom(size))
        sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        client.log_artifact(run_id, str(path), "files")
    return sums


def log(folder):
    experiment = mlflow.set_experiment("science").experiment_id
    run_id = client.create_run(experiment).info.run_id
    losses = [1 / step for step in range(1, 101)]
    for step, loss in enumerate(losses):
        client.log_metric(run_id, "loss", loss, step=step)
    client.log_param(run_id, "domain", "ClimatExML")
    client.set_terminated(run_id)
    return {"run": run_id, "losses": losses, "files": upload(run_id, folder)}


def compare(known, folder):
    assert client.get_run(known["run"]).data.params == {"domain": "ClimatExML"}
    losses = [point.value for point in client.get_metric_history(known["run"], "loss")]
    assert losses == known["losses"], f"logged {len(known['losses'])} metrics, found {len(losses)}"
    for name, due in known["files"].items():
        path = Path(client.download_artifacts(known["run"], f"files/{name}", folder))
        assert hashlib.sha256(path.read_bytes()).hexdigest() == due, f"{name} is another"


def is_absent(known):
    # Asked for by its id, a run that is not there is refused like one that is somebody else's.
    experiment = client.get_experiment_by_name("science").experiment_id
    runs = [run.info.run_id for run in client.search_runs([experiment])]
    assert runs, "there is none at all"
    assert known["run"] not in runs, f"{known['run']} is there"


what, file = sys.argv[1], Path(sys.argv[2])
with tempfile.TemporaryDirectory() as home:
    if what == "log":
        file.write_text(json.dumps(log(home)))
    else:
        remembered = json.loads(file.read_text())
        if what == "replace":
            file.write_text(json.dumps(remembered | {"files": upload(remembered["run"], home)}))
        elif what == "same":
            compare(remembered, home)
        else:
            is_absent(remembered)
