"""Logs and reads as several programs at once, until the file STOP appears; then tells how that went.

Knows nothing but the environment: mlflow_env.sh was sourced before. No request is tried twice, so each that fails counts.
Ends with 1 if one failed.
"""

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"

import mlflow
from mlflow.tracking import MlflowClient

# As programs that train do. Without a pause, they would keep a small machine from all else, and show no more.
METRIC_PAUSE_S = 0.4
ARTIFACT_PAUSE_S = 10
METRIC_THREADS = 4
ARTIFACT_THREADS = 3
SIZES = [200_000, 3_000_000, 30_000_000]

stop = Path(sys.argv[1])
client = MlflowClient()
lock = threading.Lock()
counts = {"metrics": 0, "uploads": 0, "downloads": 0}
failures = []
longest_s = 0.0


def tried(kind, action):
    """Do something with the server, and note how long it took and whether it failed."""
    global longest_s
    started = time.monotonic()
    try:
        return action()
    except Exception as problem:  # noqa: BLE001 - whatever it is, it counts
        with lock:
            failures.append(f"{kind}: {problem}")
        time.sleep(1)  # one outage is not to fill the memory
        return None
    finally:
        with lock:
            counts[kind] += 1
            longest_s = max(longest_s, time.monotonic() - started)


def log_metrics(run_id):
    step = 0
    while not stop.exists():
        tried("metrics", lambda step=step: client.log_metric(run_id, "loss", 1 / (step + 1), step=step))
        step += 1
        time.sleep(METRIC_PAUSE_S)
    known = [point.step for point in client.get_metric_history(run_id, "loss")]
    if known != list(range(step)):
        failures.append(f"metrics: logged {step} of them, found {len(known)}")


def log_artifacts(run_id, size):
    with tempfile.TemporaryDirectory() as folder:
        there, number = Path(folder, "there"), 0
        while not stop.exists():
            content = os.urandom(1000) * (size // 1000)
            there.write_bytes(content)
            path = f"files/{number}"
            tried("uploads", lambda path=path: client.log_artifact(run_id, str(there), path))
            back = tried("downloads", lambda path=path: client.download_artifacts(run_id, f"{path}/there", folder))
            if back and Path(back).read_bytes() != content:
                failures.append(f"downloads: {path} of {size} bytes came back as another")
            number = (number + 1) % 3
            time.sleep(ARTIFACT_PAUSE_S)


experiment = mlflow.set_experiment("load").experiment_id
jobs = [(log_metrics, ()) for _ in range(METRIC_THREADS)]
jobs += [(log_artifacts, (SIZES[number % len(SIZES)],)) for number in range(ARTIFACT_THREADS)]
runs = [client.create_run(experiment).info.run_id for _ in jobs]
threads = [threading.Thread(target=job, args=(run_id, *more)) for (job, more), run_id in zip(jobs, runs, strict=True)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({**counts, "longest_s": round(longest_s, 1), "failures": failures[:20], "failed": len(failures)}))
sys.exit(bool(failures))
