"""Does with the lab's server what one of its people would, and compares what comes back with what went in.

Knows nothing but the environment: an mlflow_env.sh was sourced before. Prints as JSON, for the playbook, which
objects the bucket must now hold. Ends with an AssertionError that says what differs, or with MLflow's own error.
"""

import json
import os
import re

import mlflow
import numpy as np
import requests
from mlflow.tracking import MlflowClient

NAME = "deployment-check"
PARAMETERS = {"domain": "ClimatExML", "batch_size": "16"}
LOSSES = [1.0, 0.5, 0.25]


class Plane(mlflow.pyfunc.PythonModel):
    """The plane through some points. To import scikit-learn for it would take nearly as long as all the rest."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.slopes = np.linalg.lstsq(x, y, rcond=None)[0]

    def predict(self, context, model_input):
        return model_input @ self.slopes


def log_run() -> tuple[str, str, np.ndarray]:
    """Train a model as a scientist would; return the run's id, the logged model's id and the image's pixels."""
    mlflow.set_experiment(NAME)
    random = np.random.default_rng(0)
    x = random.random((24, 2))
    with mlflow.start_run() as run:
        mlflow.log_params(PARAMETERS)
        for step, loss in enumerate(LOSSES):
            mlflow.log_metric("loss", loss, step=step)
        trained = Plane(x, x @ [2.0, 3.0])
        # To find out by itself what the model requires, MLflow would start another Python, and import all again.
        model = mlflow.pyfunc.log_model(name="model", python_model=trained, pip_requirements=["numpy"])
        image = random.integers(256, size=(100, 300), dtype=np.uint8).repeat(10, axis=0).repeat(10, axis=1)
        mlflow.log_image(image, "field.png")
    return run.info.run_id, model.model_id, image


def read_back(run_id: str, model_id: str, image: np.ndarray) -> None:
    """Compare what the server gives back with what was logged."""
    client = MlflowClient()
    run = client.get_run(run_id)
    found = {name: run.data.params.get(name) for name in PARAMETERS}
    assert found == PARAMETERS, f"parameters: logged {PARAMETERS}, found {found}"
    losses = [point.value for point in client.get_metric_history(run_id, "loss")]
    assert losses == LOSSES, f"metric loss: logged {LOSSES}, found {losses}"
    stored = np.asarray(mlflow.artifacts.load_image(f"runs:/{run_id}/field.png"))
    assert stored.shape == (1000, 3000), f"image: logged 3000x1000 pixels, found {stored.shape[::-1]}"
    assert (stored == image).all(), "image: what came back differs from what was logged"

    version = mlflow.register_model(f"models:/{model_id}", NAME)
    client.set_registered_model_alias(NAME, "latest-check", version.version)
    model = mlflow.pyfunc.load_model(f"models:/{NAME}@latest-check")
    prediction = float(model.predict(np.array([[10.0, 20.0]]))[0])
    assert abs(prediction - 80.0) < 1e-6, f"model: predicts {prediction}, not 80"


def try_without_password() -> None:
    """See that a stranger, and somebody with a wrong password, are refused."""
    url = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/experiments/search"
    verify = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True
    name = os.environ["MLFLOW_TRACKING_USERNAME"]
    for login in (None, (name, "wrong")):
        answer = requests.post(url, json={"max_results": 1}, auth=login, verify=verify, timeout=30)
        assert answer.status_code == 401, f"a request with login {login} got {answer.status_code}, not 401"


def objects(run_id: str, model_id: str) -> list[str]:
    """Return the keys that the bucket must hold for this run."""
    location = mlflow.get_experiment_by_name(NAME).artifact_location
    folder = re.sub(r"^(mlflow-artifacts:|s3://[^/]+)/", "", location)
    return [
        f"{folder}/{run_id}/artifacts/field.png",
        f"{folder}/models/{model_id}/artifacts/MLmodel",
    ]


if __name__ == "__main__":
    try_without_password()
    run_id, model_id, image = log_run()
    read_back(run_id, model_id, image)
    print(json.dumps({"run_id": run_id, "objects": objects(run_id, model_id)}))
