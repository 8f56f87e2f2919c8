"""Logs and reads without a pause until the file STOP appears, as a program that knows no second try; tells how that went.

Expects the server's Unix socket, the name of an account whose password is in MLFLOW_PASSWORD, a run with 30,000 values of
`loss`, and STOP. Ends with 1 if a request failed, or if something that was logged is not there at the end.
"""

import base64
import http.client
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

path, name, known_run, stop = sys.argv[1:]
login = base64.b64encode(f"{name}:{os.environ['MLFLOW_PASSWORD']}".encode()).decode()
failures, longest_s, lock = [], 0.0, threading.Lock()
counts = {"logged": 0, "read": 0}


class Server(http.client.HTTPConnection):
    """A connection over the Unix socket, for one request."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(150)
        self.sock.connect(path)


def ask(method, what, body=None):
    server = Server("localhost")
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json", "Connection": "close"}
    server.request(method, f"/api/2.0/mlflow/{what}", json.dumps(body) if body else None, headers)
    answer = server.getresponse()
    content = answer.read().decode()
    if answer.status != http.client.OK:
        raise ValueError(f"{answer.status} {content[:200]}")
    return json.loads(content)


def tried(kind, *request):
    global longest_s
    started = time.monotonic()
    try:
        answer = ask(*request)
    except Exception as problem:  # noqa: BLE001 - whatever it is, it counts
        with lock:
            failures.append(f"{kind}: {problem!r} after {time.monotonic() - started:.1f} s")
        time.sleep(1)
        return None
    with lock:
        counts[kind] += 1
        longest_s = max(longest_s, time.monotonic() - started)
    return answer


def log(run):
    while not Path(stop).exists():
        value = {"run_id": run, "key": "step", "value": counts["logged"], "timestamp": int(time.time() * 1000)}
        tried("logged", "POST", "runs/log-metric", value | {"step": counts["logged"]})


def read():
    what = f"metrics/get-history?run_id={known_run}&metric_key=loss&max_results=25000"
    while not Path(stop).exists():
        answer = tried("read", "GET", what)
        if answer and len(answer["metrics"]) != 25000:
            failures.append(f"read: {len(answer['metrics'])} values")
        time.sleep(0.2)


experiment = {
    one["name"]: one["experiment_id"] for one in ask("GET", "experiments/search?max_results=100")["experiments"]
}
where = experiment.get("client") or ask("POST", "experiments/create", {"name": "client"})["experiment_id"]
tags = [{"key": "client", "value": "yes"}]
run = ask("POST", "runs/create", {"experiment_id": where, "start_time": 1, "tags": tags})["run"]["info"]["run_id"]
threads = [threading.Thread(target=log, args=[run]), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
history = ask("GET", f"metrics/get-history?run_id={run}&metric_key=step&max_results=25000")["metrics"]
if sorted(point["step"] for point in history) != list(range(counts["logged"])):
    failures.append(f"logged {counts['logged']} values, and {len(history)} are there")
print(json.dumps({**counts, "longest_s": round(longest_s, 1), "failures": failures[:20]}))
sys.exit(bool(failures))
