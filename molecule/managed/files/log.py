"""Logs a run with MLflow 2.9.2, into the database whose URL it is given."""

import sys

from mlflow.tracking import MlflowClient

client = MlflowClient(sys.argv[1], sys.argv[1])
run = client.create_run(client.create_experiment("ocean", "s3://old-bucket/ocean")).info.run_id
for step in range(100):
    client.log_metric(run, "loss", step / 4, step=step)
client.set_terminated(run)
