# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "mlflow",
#     "mlflow-export-import",
#     "tabulate",  # which that one imports and does not ask for
# ]
# ///
"""Compares mlflow-sync with mlflow-export-import: each brings the same runs to a new server of its own, twice.

    uv run --locked --script benchmarks/sync.py [JOBS]

An array of JOBS (10) jobs has logged, each into a database of its own: a run in a run, metrics with a NaN among them, a
figure, and a model, registered in one case. One job was killed. What the servers have is compared with what stands in the
databases, read without MLflow. Prints a table in Markdown.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.pyfunc import PythonModel

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent  # where the other tool's commands are
EXPERIMENT, MODEL = "downscaling", "emulator"
KEYS, STEPS, FIGURE_BYTES = ("loss", "skill", "rmse"), 1000, 2_000_000
BEGIN_MS = 1_700_000_000_000


class Same(PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input


def log_job(folder, number, jobs):
    """Log as one job of the array does."""
    url = f"sqlite:///{folder}/jobs/{number}.db"
    mlflow.set_tracking_uri(url)
    client = MlflowClient(url, url)
    client.create_experiment(EXPERIMENT, artifact_location=f"{folder}/artifacts")
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"member {number}") as run:
        mlflow.log_params({"seed": number, "note": "é" * 200})
        for key in KEYS:
            points = [Metric(key, math.sin(step + number), BEGIN_MS + step, step) for step in range(STEPS)]
            client.log_batch(run.info.run_id, points)
        mlflow.log_metric("diverged", math.nan)
        figure = Path(folder, "figure.png")
        figure.write_bytes(hashlib.shake_128(bytes([number])).digest(FIGURE_BYTES))
        mlflow.log_artifact(str(figure), "figures")
        with mlflow.start_run(run_name=f"evaluation {number}", nested=True):
            mlflow.log_metric("skill", number / 7)
        registered = {"registered_model_name": MODEL} if number == jobs - 1 else {}
        mlflow.pyfunc.log_model(name="model", python_model=Same(), pip_requirements=["mlflow"], **registered)
    if number == 0:
        client.set_terminated(run.info.run_id, "KILLED")


@contextlib.contextmanager
def server(folder, database=None):
    """Run an MLflow server, with a database that is there or a new one; yield its URL."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [TOOLS / "mlflow", "server", "--workers=2", "--host=127.0.0.1", f"--port={url.rsplit(':')[-1]}"]
    command += [f"--backend-store-uri=sqlite:///{database or folder / 'mlflow.db'}"]
    command += ["--no-serve-artifacts"] if database else [f"--artifacts-destination={folder}/artifacts"]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        for _ in range(120):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/health")
                break
            time.sleep(0.5)
        try:
            yield url
        finally:
            process.terminate()


def run(command, uri, log):
    """Run a command; tell of one that fails, and go on as a person would."""
    paths = os.environ | {"MLFLOW_TRACKING_URI": uri, "PYTHONPATH": str(ROOT / "roles/hpc/files/mlflow_sync/src")}
    with log.open("a") as output:
        code = subprocess.run(command, check=False, env=paths, stdout=output, stderr=output).returncode
    if code:
        print(f"{Path(command[0]).name} ended with {code}: {log.read_text().splitlines()[-1]}", file=sys.stderr)


def by_mlflow_sync(folder, url):
    command = [sys.executable, "-c", "from mlflow_sync.sync import main; main()", "--models", folder / "jobs"]
    run(command, url, folder / "mlflow-sync.log")


def by_export_import(folder, url):
    """As its README has it: out of each database into a folder, and from there to the server."""
    log = folder / "export-import.log"
    for database in sorted((folder / "jobs").glob("*.db")):
        source = f"sqlite:///{database}"
        with tempfile.TemporaryDirectory() as way:
            run([TOOLS / "export-experiment", f"--experiment={EXPERIMENT}", f"--output-dir={way}/runs"], source, log)
            run([TOOLS / "import-experiment", f"--experiment-name={EXPERIMENT}", f"--input-dir={way}/runs"], url, log)
            if MlflowClient(source, source).search_registered_models():
                with server(Path(way, "server"), database) as served:  # it asks for models by REST alone
                    run([TOOLS / "export-model", f"--model={MODEL}", f"--output-dir={way}/model"], served, log)
                names = [f"--model={MODEL}", f"--experiment-name={EXPERIMENT}"]
                run([TOOLS / "import-model", *names, f"--input-dir={way}/model"], url, log)


def digests(uri):
    """Return the SHA-256 of each file below an artifact URI."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        files = (file for file in root.rglob("*") if file.is_file())
        return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def read(url):
    """Return what a server has of the experiment, in the form of molecule/hpc/files/expected.py, and what is twice there."""
    mlflow.set_tracking_uri(url)
    client = MlflowClient(url, url)
    experiment = [client.get_experiment_by_name(EXPERIMENT).experiment_id]
    runs = client.search_runs(experiment, max_results=5000)
    names = {each.info.run_id: each.info.run_name for each in runs}
    models = {}
    for model in client.search_logged_models(experiment, max_results=5000):
        models.setdefault(model.source_run_id, []).append(digests(model.artifact_location))
    found = {}
    for each in runs:
        points = [
            [point.key, point.timestamp, point.step, "nan" if math.isnan(point.value) else point.value]
            for key in each.data.metrics
            for point in client.get_metric_history(each.info.run_id, key)
        ]
        found[each.info.run_name] = {
            "parent": names.get(each.data.tags.get("mlflow.parentRunId")),
            "status": each.info.status,
            "times": [each.info.start_time, each.info.end_time],
            "params": each.data.params,
            "points": sorted(points, key=str),
            "files": digests(each.info.artifact_uri) if client.list_artifacts(each.info.run_id) else {},
            "models": models.get(each.info.run_id, []),
        }
    twice = sum(Counter(names.values()).values()) - len(found)
    versions = len(client.search_model_versions(f"name = '{MODEL}'"))
    return found, twice, versions


def measure(bring, folder, url, expected):
    """Return what a tool did, a text for each line of the table."""
    results, seconds = [], []
    for _ in range(2):
        begin = time.monotonic()
        bring(folder, url)
        seconds.append(time.monotonic() - begin)
        results.append(read(url))
    found, twice, versions = results[0]
    names = {due["source"]: name for name, due in expected.items()}
    lines = {"runs": f"{len(set(found) & set(expected))} of {len(expected)}"}
    for part in ("parent", "status", "times", "params", "points", "files", "models"):
        due = {name: names.get(one[part]) if part == "parent" else one[part] for name, one in expected.items()}
        having = [name for name in expected if due[name]]
        same = sum(name in found and found[name][part] == due[name] for name in having)
        lines[f"with the same {part}, of those that have any"] = f"{same} of {len(having)}"
    lines["versions of the registered model"] = f"{versions} of 1"
    lines["runs that are there twice"] = str(twice)
    lines["the same after a second run"] = str(results[1][1])
    lines["seconds"], lines["seconds of a second run"] = (f"{each:.1f}" for each in seconds)
    return lines


def main(jobs=10):
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "jobs").mkdir()
        for number in range(jobs):
            log_job(folder, number, jobs)
        told = subprocess.check_output([sys.executable, ROOT / "molecule/hpc/files/expected.py", folder / "jobs"])
        expected = json.loads(told)
        columns = {}
        other = f"mlflow-export-import {importlib.metadata.version('mlflow-export-import')}"
        for name, bring in (("mlflow-sync", by_mlflow_sync), (other, by_export_import)):
            with server(folder / name) as url:
                columns[name] = measure(bring, folder, url, expected)
    print(
        f"| {jobs} jobs, {len(expected)} runs, MLflow {mlflow.__version__} | {' | '.join(columns)} |\n| --- | --- | --- |"
    )
    for line in columns["mlflow-sync"]:
        print(f"| {line} | {' | '.join(column[line] for column in columns.values())} |")


main(*map(int, sys.argv[1:]))
