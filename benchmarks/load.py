"""Does one kind of work with a server for some seconds, by MLflow's own client; prints as JSON how that went.

    load.py KIND CLIENTS SECONDS

KIND is log_metric, log_batch:VALUES, search_runs, history, page, upload:MB, download:MB, put:MB or get:MB; the last two
go past MLflow, to the bucket LOAD_BUCKET by boto3. The server is that of the environment: mlflow_env.sh was sourced.
What fails is counted, and not tried again. `prepare` as KIND makes what search_runs and history read.
"""

import json
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ |= {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Clients are programs of their own, each with its connection; of one program's MLflow keeps ten.
    "MLFLOW_HTTP_POOL_MAXSIZE": sys.argv[2],
}

import boto3
import mlflow
import requests
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
from mlflow.utils.rest_utils import MlflowHostCreds, http_request

HISTORY = 100_000
RUNS = 200
PER_REQUEST = 1000
MB = 1_000_000
MOST_MB = 500  # that one work brings to the store, which keeps old versions as well; but one file at least

client = MlflowClient()
ONE_BY_ONE = threading.Lock()


def values(number, key="loss", first=0):
    return [Metric(key, 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(first, first + number)]


def experiment(name):
    with ONE_BY_ONE:
        found = client.get_experiment_by_name(name)
        return found.experiment_id if found else client.create_experiment(name)


def prepare():
    """Make the runs that are searched, and the one with a long history, once."""
    there = experiment("benchmark-read")
    if len(client.search_runs([there], max_results=RUNS)) == RUNS:
        return
    for number in range(RUNS):
        run_id = client.create_run(there).info.run_id
        client.log_batch(run_id, values(10, f"metric-{number % 5}"))
        client.set_tag(run_id, "kind", "long" if number == 0 else "short")
        for first in range(0, HISTORY if number == 0 else 0, PER_REQUEST):
            client.log_batch(run_id, values(PER_REQUEST, "long", first))


def log_metric(_):
    run_id = client.create_run(experiment("benchmark")).info.run_id
    return lambda number: client.log_metric(run_id, "loss", 1 / (number + 1), step=number)


def log_batch(size):
    run_id = client.create_run(experiment("benchmark")).info.run_id
    return lambda number: client.log_batch(run_id, values(size, first=number * size))


def search_runs(_):
    there = [experiment("benchmark-read")]
    return lambda number: client.search_runs(there, f"metrics.`metric-{number % 5}` > 0", max_results=100)


def history(_):
    run = client.search_runs([experiment("benchmark-read")], "tags.kind = 'long'")[0]

    def read(number):
        assert len(client.get_metric_history(run.info.run_id, "long")) == HISTORY

    return read


def page(_):
    """Do what a browser does first: the page, and the experiments on it."""
    login = {
        "username": os.environ.get("MLFLOW_TRACKING_USERNAME"),
        "password": os.environ.get("MLFLOW_TRACKING_PASSWORD"),
    }
    certificate = {"server_cert_path": os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH")}
    server = MlflowHostCreds(mlflow.get_tracking_uri(), **login, **certificate)

    def look(number):
        for path in ("/", "/ajax-api/2.0/mlflow/experiments/search?max_results=25"):
            answer = http_request(server, path, "GET", max_retries=0)
            assert answer.status_code == requests.codes.ok, answer.text

    return look


def file_of(size):
    """Make a file of a size in MB that no compression makes smaller."""
    path = Path(tempfile.mkdtemp(dir=os.environ["HOME"]), f"{size}.bin")
    with path.open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(MB))
    return path


def upload(size):
    run_id, path = client.create_run(experiment("benchmark")).info.run_id, file_of(size)
    return lambda number: client.log_artifact(run_id, str(path), str(number % 2))


def download(size):
    run_id, path = client.create_run(experiment("benchmark")).info.run_id, file_of(size)
    client.log_artifact(run_id, str(path))
    return lambda number: client.download_artifacts(run_id, path.name, str(path.parent / "back"))


def put(size):
    s3, path = boto3.client("s3"), file_of(size)
    return lambda number: s3.upload_file(str(path), os.environ["LOAD_BUCKET"], f"benchmark/{path.name}")


def get(size):
    s3, path = boto3.client("s3"), file_of(size)
    s3.upload_file(str(path), os.environ["LOAD_BUCKET"], f"benchmark/{path.name}")
    return lambda number: s3.download_file(os.environ["LOAD_BUCKET"], f"benchmark/{path.name}", f"{path}.back")


KINDS = {
    kind.__name__: kind for kind in (log_metric, log_batch, search_runs, history, page, upload, download, put, get)
}


def work(action, until, most, times, failures):
    number = 0
    while number == 0 or (time.monotonic() < until and number < most):
        started = time.monotonic()
        try:
            action(number)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it counts
            failures.append(str(problem))
            time.sleep(0.1)
        else:
            times.append(time.monotonic() - started)
        number += 1


def main(kind, clients, seconds):
    if kind == "prepare":
        prepare()
        return
    name, _, size = kind.partition(":")
    most = MOST_MB // int(size) if name in ("upload", "put") else math.inf
    with ThreadPoolExecutor(clients) as threads:
        actions = list(threads.map(KINDS[name], [int(size or 0)] * clients))
        for action in actions[:1]:
            action(0)  # what comes once: connections, caches
        times, failures = [], []
        begin = time.monotonic()
        cpu = time.process_time()
        list(threads.map(lambda action: work(action, begin + seconds, most, times, failures), actions))
        took = time.monotonic() - begin
    print(
        json.dumps(
            {
                "per_second": len(times) / took,
                "p50_ms": statistics.median(times) * 1000 if times else None,
                "p95_ms": statistics.quantiles(times, n=20)[-1] * 1000 if len(times) > 1 else None,
                "count": len(times),
                "client_cpu_s": time.process_time() - cpu,
                "failed": len(failures),
                "first_failure": failures[0][:300] if failures else None,
            }
        )
    )


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
