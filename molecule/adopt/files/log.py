"""Logs with MLflow 2.9.2 what a lab may have, into buckets that it makes. Prints it as JSON."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import boto3
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

store = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
store.create_bucket(Bucket="climate-old")
client = MlflowClient()
logged = {"runs": {}, "models": {}}


def log_run(experiment, size):
    run = client.create_run(experiment, tags={"mlflow.user": "alice"}).info
    losses = [1 / step for step in range(1, 1001)]
    client.log_batch(
        run.run_id, [Metric("loss", loss, 0, step) for step, loss in enumerate(losses)], [Param("domain", "ClimatExML")]
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.bin")
        file.write_bytes(os.urandom(size))
        client.log_artifact(run.run_id, str(file), "model")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    client.set_terminated(run.run_id)
    logged["runs"][run.run_id] = {"losses": losses, "sha256": digest, "bytes": size}
    return run


client.create_registered_model("downscaling")
# One where the server puts them, one in a folder that somebody has named, one that nobody has logged to.
for experiment in (
    client.create_experiment("rain"),
    client.create_experiment("été", "s3://climate-old/by/alice"),
):
    for size in (1000, 20_000_000):  # the second goes up in several parts
        run = log_run(experiment, size)
    version = client.create_model_version("downscaling", f"{run.artifact_uri}/model", run.run_id).version
    logged["models"][version] = run.run_id
client.create_experiment("empty")
# On the server's own disk, where no other machine finds them.
client.create_run(client.create_experiment("lost", "/root/files"))
print(json.dumps(logged))
