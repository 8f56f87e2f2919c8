"""Logs as programs of the lab's people do, with MLflow's own way to try again, and remembers what was acknowledged.

Usage: client.py log JOURNAL STOP, until the file STOP appears; client.py check JOURNAL. Knows nothing but the environment:
mlflow_env.sh was sourced before. Each line of JOURNAL is what was done: its kind, when it began and how long it took, and
either what it is known by or what went wrong.
"""

import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

PAUSES_S = {"metric": 0.25, "run": 2, "artifact": 2}
ARTIFACT_BYTES = 300_000

what, journal = sys.argv[1], Path(sys.argv[2])
client = MlflowClient()


def log_metric(run, number):
    client.log_metric(run, "loss", number / 7, step=number)
    return {"run": run, "step": number, "value": number / 7}


def log_run(_, number):
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "number", number)
    client.set_terminated(run)
    return {"run": run, "number": str(number)}


def log_artifact(run, number):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"{number}.bin")
        file.write_bytes(os.urandom(ARTIFACT_BYTES))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        client.log_artifact(run, str(file), "files")
    return {"run": run, "path": f"files/{number}.bin", "sha256": digest}


def go_on(kind, action, run):
    number = 0
    while not stop.exists():
        began, number = time.time(), number + 1
        try:
            entry = action(run, number)
        except Exception as problem:  # noqa: BLE001 - whatever it is, somebody saw it
            entry = {"problem": f"{type(problem).__name__}: {problem}"[:300]}
        entry |= {"kind": kind, "began": began, "seconds": time.time() - began}
        with lock, journal.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        time.sleep(PAUSES_S[kind])


def check():
    acknowledged = [entry for entry in map(json.loads, journal.read_text().splitlines()) if "problem" not in entry]
    histories = {}
    counts = dict.fromkeys(PAUSES_S, 0)
    with tempfile.TemporaryDirectory() as folder:
        for entry in acknowledged:
            run = entry["run"]
            if entry["kind"] == "metric":
                if run not in histories:
                    histories[run] = {point.step: point.value for point in client.get_metric_history(run, "loss")}
                found, due = histories[run].get(entry["step"]), entry["value"]
            elif entry["kind"] == "run":
                found, due = client.get_run(run).data.params.get("number"), entry["number"]
            else:
                path = client.download_artifacts(run, entry["path"], folder)
                found, due = hashlib.sha256(Path(path).read_bytes()).hexdigest(), entry["sha256"]
            if found != due:
                sys.exit(f"acknowledged {entry}, and found {found}")
            counts[entry["kind"]] += 1
    print(json.dumps(counts))


if what == "check":
    check()
else:
    stop = Path(sys.argv[3])
    lock = threading.Lock()
    experiment = mlflow.set_experiment("faults").experiment_id
    jobs = {"metric": log_metric, "run": log_run, "artifact": log_artifact}
    runs = {kind: client.create_run(experiment).info.run_id for kind in jobs}
    threads = [threading.Thread(target=go_on, args=(kind, job, runs[kind])) for kind, job in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
