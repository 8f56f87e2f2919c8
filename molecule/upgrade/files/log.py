"""Logs what a lab may have logged with MLflow 2.9.2, into the database whose URL it is given."""

import math
import sys
import time

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

BATCHES = 30  # of 1000, which is the most that MLflow takes at once

client = MlflowClient(sys.argv[1], sys.argv[1])
now = int(time.time() * 1000)
for experiment in ("ocean", "ice", "été"):
    where = client.create_experiment(experiment, f"s3://old-bucket/{experiment}", {"owner": "alice", "note": "a\nb"})
    parent = client.create_run(where, tags={"mlflow.user": "alice"}, run_name="sweep").info.run_id
    for number in range(5):
        run = client.create_run(where, tags={"mlflow.parentRunId": parent}, run_name=f"child {number}").info.run_id
        client.log_batch(
            run,
            [Metric("rmse", 1 / (number + 1), now, step) for step in range(3)]
            + [Metric("worst", math.nan, now, 0), Metric("bound", math.inf, now, 0)],
            [Param("lr", str(10**-number)), Param("layers", "5" * 400)],
            [RunTag("season", "winter ❄")],
        )
        client.set_terminated(run, "FAILED" if number == 4 else "FINISHED")
    client.delete_run(run)
    client.set_terminated(parent)

long = client.create_run(where, run_name="long").info.run_id
for batch in range(BATCHES):
    steps = range(batch * 1000, (batch + 1) * 1000)
    client.log_batch(long, [Metric("loss", step / 4, now + step, step) for step in steps])
client.set_terminated(long)

client.create_registered_model("downscaling", {"team": "ocean"}, "of rain")
for version in (1, 2):
    client.create_model_version("downscaling", f"s3://old-bucket/{version}", long, {"checked": "yes"})
client.set_registered_model_alias("downscaling", "champion", 2)
client.transition_model_version_stage("downscaling", 1, "Production")
print(long)
