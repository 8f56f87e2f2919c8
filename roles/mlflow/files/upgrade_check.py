"""Compares a migrated copy of MLflow's database with the original, and asks a server that has the copy for what it holds.

Expects the original's name, the server's Unix socket and the version it is to be; reads MLFLOW_BACKEND_STORE_URI, which
is the copy's, and MLFLOW_AUTH_ADMIN_PASSWORD. Prints as JSON how much there is of what; ends with 1 and says what differs.
"""

import base64
import http.client
import json
import os
import socket
import sys

from sqlalchemy import create_engine, inspect, make_url, text

# No migration takes rows away from these. Of traces, some move what stands in rows into columns.
TABLES = [
    *["experiments", "experiment_tags", "runs", "metrics", "latest_metrics", "params", "tags"],
    *["datasets", "inputs", "input_tags", "trace_info", "logged_models"],
    *["registered_models", "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags"],
    *["users", "experiment_permissions", "registered_model_permissions"],
]
COUNTED = {"runs": "runs", "metrics": "metric values", "params": "params", "model_versions": "model versions"}

original, path, version = sys.argv[1:]
copy = make_url(os.environ["MLFLOW_BACKEND_STORE_URI"])
login = base64.b64encode(f"admin:{os.environ['MLFLOW_AUTH_ADMIN_PASSWORD']}".encode()).decode()


class Server(http.client.HTTPConnection):
    """A connection over the Unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)


def ask(what, workspace="default"):
    """Return what the server answers to a GET by its administrator."""
    server = Server("localhost")
    server.request("GET", what, headers={"Authorization": f"Basic {login}", "X-MLFLOW-WORKSPACE": workspace})
    answer = server.getresponse()
    content = answer.read().decode()
    if answer.status != http.client.OK:
        sys.exit(f"MLflow {version} answers {answer.status} to {what.partition('?')[0]}.")
    return content


def counts(connection):
    """Return the number of rows of each table that there is."""
    there = set(inspect(connection).get_table_names())
    return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in TABLES if table in there}


with create_engine(copy.set(database=original)).connect() as connection:
    before = counts(connection)
with create_engine(copy).connect() as connection:
    after = counts(connection)
    newest = connection.execute(
        text(
            "SELECT run_uuid, workspace FROM runs JOIN experiments USING (experiment_id)"
            " WHERE runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active'"
            " ORDER BY start_time DESC LIMIT 1"
        )
    ).first()
    parts = newest and {
        part: connection.scalar(text(f"SELECT count(*) FROM {table} WHERE run_uuid = :run"), {"run": newest[0]})
        for part, table in {"metrics": "latest_metrics", "params": "params", "tags": "tags"}.items()
    }

fewer = [f"{table}: {before[table]} rows, and {after.get(table, 0)} after" for table in before]
fewer = [words for words, table in zip(fewer, before, strict=True) if after.get(table, 0) < before[table]]
if fewer:
    sys.exit(f"The migration lost rows. {'; '.join(fewer)}.")

if ask("/version") != version:
    sys.exit(f"The server says that it is MLflow {ask('/version')}, not {version}.")
users = len(json.loads(ask("/api/2.0/mlflow/users/list"))["users"])
if users != after["users"]:
    sys.exit(f"MLflow {version} lists {users} accounts, and the database has {after['users']}.")
if newest:
    run = json.loads(ask(f"/api/2.0/mlflow/runs/get?run_id={newest[0]}", newest[1]))["run"]["data"]
    found = {part: len(run.get(part, [])) for part in parts}
    if found != parts:
        sys.exit(f"MLflow {version} shows of run {newest[0]} {found}, and the database has {parts}.")

print(json.dumps({words: after[table] for table, words in COUNTED.items()}))
