"""Logs metrics for some seconds as the person whose mlflow_env.sh was sourced, one client and eight, one by one.

Prints, as JSON, how many a second. Without MLflow's own client, whose cost would hide the server's.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests

SECONDS = float(sys.argv[1])
API = f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow"


def session():
    made = requests.Session()
    made.auth = (os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"])
    made.verify = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True
    return made


def post(who, path, **question):
    answer = who.post(f"{API}/{path}", json=question, timeout=120)
    answer.raise_for_status()
    return answer.json()


def log_metrics(run_id, until):
    who, step = session(), 0
    while time.monotonic() < until:
        post(who, "runs/log-metric", run_id=run_id, key="loss", value=1.0, timestamp=step, step=step)
        step += 1
    return step


who = session()
found = who.get(f"{API}/experiments/get-by-name", params={"experiment_name": "benchmark"}, timeout=120).json()
experiment = found["experiment"] if "experiment" in found else post(who, "experiments/create", name="benchmark")
rates = {}
for clients in (1, 8):
    runs = [post(who, "runs/create", experiment_id=experiment["experiment_id"]) for _ in range(clients)]
    begin = time.monotonic()
    with ThreadPoolExecutor(clients) as threads:
        jobs = [threads.submit(log_metrics, run["run"]["info"]["run_id"], begin + SECONDS) for run in runs]
        logged = sum(job.result() for job in jobs)
    rates[f"{clients} clients"] = round(logged / (time.monotonic() - begin), 1)
print(json.dumps(rates))
