"""Logs runs, models and a trace as a person of the lab, and deletes some of them.

Arguments: the person, the server's URL, her workspace, and what to log, of: runs, models, experiments, trace;
or load, to load the models that are registered. Prints as JSON the ids by name. The password comes on standard input.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

name, url, workspace, *wanted = sys.argv[1:]
os.environ |= {
    "MLFLOW_TRACKING_URI": url,
    "MLFLOW_TRACKING_USERNAME": name,
    "MLFLOW_TRACKING_PASSWORD": sys.stdin.read().strip(),
    "MLFLOW_TRACKING_SERVER_CERT_PATH": "/etc/caddy/authority.pem",
    "MLFLOW_WORKSPACE": workspace,
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}
import mlflow

client = mlflow.MlflowClient()
ids = {}


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        return model_input


def log_run(what, with_model=False):
    """Log a run with an artifact and perhaps a model."""
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figure.txt")
        file.write_text(what)
        mlflow.log_artifact(str(file))
        ids[what] = run.info.run_id
        if with_model:
            model = mlflow.pyfunc.log_model(name="model", python_model=Model(), pip_requirements=[])
            ids[f"{what} model"] = model.model_id


def register(what):
    mlflow.register_model(f"models:/{ids[f'{what} model']}", what)


if "runs" in wanted:
    mlflow.set_experiment("alive")
    for what in ("alive", "old", "new"):
        log_run(what)
    client.delete_run(ids["old"])
    client.delete_run(ids["new"])
if "models" in wanted:
    log_run("champion", with_model=True)
    register("champion")
    client.delete_run(ids["champion"])
    log_run("model", with_model=True)
    client.delete_logged_model(ids["model model"])
if "experiments" in wanted:
    for what in ("gone", "registered"):
        ids[f"{what} experiment"] = mlflow.set_experiment(what).experiment_id
        log_run(what, with_model=True)
        if what == "registered":
            register(what)
    for what in ("gone", "registered"):
        client.delete_experiment(ids[f"{what} experiment"])
if "trace" in wanted:
    ids["trace experiment"] = mlflow.set_experiment("traced").experiment_id
    with mlflow.start_span("question") as span:
        span.set_inputs({"a": 1})
    mlflow.flush_trace_async_logging()
if "load" in wanted:
    for what in ("champion", "registered"):
        ids[what] = mlflow.pyfunc.load_model(f"models:/{what}/1").predict([1])
print(json.dumps(ids))
