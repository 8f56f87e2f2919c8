"""Logs files of several sizes through the server and compares what comes back; breaks an upload off, and finds nothing.

Expects the environment of mlflow_env.sh. Ends with an AssertionError that says what differs.
"""

import os
import tempfile
from pathlib import Path

import mlflow
import requests
from mlflow.tracking import MlflowClient

PART = 8 * 2**20  # as the server passes them on
SIZES = [0, 1, PART - 1, PART, PART + 1, 40_000_000]

login = os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"]
verify = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True
client = MlflowClient()


def halfway():
    """Send five parts, and go away before the sixth."""
    yield from (bytes(2**20) for _ in range(5 * PART // 2**20))
    raise ConnectionAbortedError


def names(run_id):
    return {Path(file.path).name for file in client.list_artifacts(run_id)}


mlflow.set_experiment("passed")
with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
    for size in SIZES:
        path = Path(folder, f"{size}.bin")
        path.write_bytes(os.urandom(size))
        mlflow.log_artifact(str(path))
        back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path.name)
        assert Path(back).read_bytes() == path.read_bytes(), (
            f"{size} bytes: what came back differs from what was logged"
        )
    # MLflow's client knows where that is as mlflow-artifacts:/...
    where = mlflow.get_artifact_uri().partition("/")[2].lstrip("/")
    at = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow-artifacts/artifacts/{where}"
    try:
        requests.put(f"{at}/broken.bin", data=halfway(), auth=login, verify=verify, timeout=60)
    except requests.exceptions.ConnectionError:
        pass
    else:
        raise AssertionError("an upload that was broken off got an answer")
    expected = {f"{size}.bin" for size in SIZES}
    assert names(run.info.run_id) == expected, f"logged {expected}, found {names(run.info.run_id)}"
    answer = requests.get(f"{at}/broken.bin", auth=login, verify=verify, timeout=60)
    assert answer.status_code >= 400, f"a file that is not there: {answer.status_code}"
    answer = requests.get(f"{at}/1.bin", verify=verify, timeout=60)
    assert answer.status_code == 401, f"a file, without a login: {answer.status_code}"
