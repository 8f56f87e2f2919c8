"""What somebody has logged with an older MLflow. Usage: log.py DATABASE ARTIFACTS_FOLDER"""

import sys

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

database, artifacts = sys.argv[1:]
mlflow.set_tracking_uri(f"sqlite:///{database}")
client = MlflowClient()
client.create_experiment("older", artifact_location=artifacts)
mlflow.set_experiment("older")
with mlflow.start_run(run_name="parent") as run:
    mlflow.log_param("seed", 9)
    client.log_batch(run.info.run_id, [Metric("loss", step / 7, step, step) for step in range(1000)])
    mlflow.log_metric("diverged", float("inf"))
    mlflow.log_text("hello", "folder/hello.txt")
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.log_metric("skill", 0.5)
