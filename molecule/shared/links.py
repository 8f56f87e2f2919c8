"""Logs a file of 40 MB as a program does that trusts the object store, reads it back and compares.

Prints as JSON how often it asked whom for what, e.g. {"PUT 172.30.10.20": 3}. Expects the environment of mlflow_env.sh.
"""

import json
import os
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import requests

asked = Counter()
send = requests.Session.send


def counted(session, request, **options):
    asked[f"{request.method} {urlsplit(request.url).hostname}"] += 1
    return send(session, request, **options)


requests.Session.send = counted
mlflow.set_experiment("links")
path = Path("field.bin")
path.write_bytes(os.urandom(40_000_000))
with mlflow.start_run() as run:
    asked.clear()
    mlflow.log_artifact(str(path))
    put = {whom: number for whom, number in asked.items() if whom.startswith("PUT")}
asked.clear()
back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path.name)
assert Path(back).read_bytes() == path.read_bytes(), "what came back differs from what was logged"
print(json.dumps({**put, **asked}))
