"""Removes for good, each with its artifacts, the runs, logged models and experiments that were deleted days ago.

Arguments: the days, and the server's socket. Runs in the server's environment; artifacts go through the server, as its
administrator, where they came in that way.

`mlflow gc` removes whatever was deleted, even what a registered model is made of, and with an experiment the
models that were logged there. So what goes is chosen here, and `mlflow gc` has its way with that.
"""

import contextlib
import os
import socket
import sys
import time

import urllib3.connection
from sqlalchemy import create_engine, text

days, path = int(sys.argv[1]), sys.argv[2]
os.environ |= {
    "MLFLOW_TRACKING_URI": "http://localhost",
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"],
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "1800",  # a large folder takes its time
}
from mlflow.cli import _gc_tracking_resources
from mlflow.exceptions import MlflowException
from mlflow.tracking import _get_store
from mlflow.utils.workspace_context import WorkspaceContext

# Each of these gives the workspace and the id of what may go, and takes `before`, in milliseconds since 1970. What a
# registered model's version names anywhere stays, and so does the experiment that it is in.
USED = """
    used AS (SELECT concat_ws(' ', source, storage_location, run_id) AS words FROM model_versions
             WHERE current_stage <> 'Deleted_Internal'),
    kept_run AS (SELECT run_uuid, experiment_id FROM runs
                 WHERE lifecycle_stage <> 'deleted' OR deleted_time IS NULL OR deleted_time > :before
                 OR EXISTS (SELECT FROM used WHERE position(run_uuid IN words) > 0)),
    old_experiment AS (SELECT experiment_id, workspace FROM experiments
                       WHERE lifecycle_stage = 'deleted' AND last_update_time <= :before
                       AND experiment_id NOT IN (SELECT experiment_id FROM kept_run)),
    kept_model AS (SELECT model_id, experiment_id FROM logged_models
                   WHERE (lifecycle_stage <> 'deleted' OR last_updated_timestamp_ms > :before)
                   AND experiment_id NOT IN (SELECT experiment_id FROM old_experiment)
                   OR EXISTS (SELECT FROM used WHERE position(model_id IN words) > 0))
"""
CHOICES = {
    "run_ids": """SELECT workspace, run_uuid FROM runs JOIN experiments USING (experiment_id)
                  WHERE run_uuid NOT IN (SELECT run_uuid FROM kept_run)""",
    "logged_model_ids": """SELECT workspace, model_id FROM logged_models JOIN experiments USING (experiment_id)
                           WHERE model_id NOT IN (SELECT model_id FROM kept_model)""",
    "experiment_ids": """SELECT workspace, experiment_id::text FROM old_experiment
                         WHERE experiment_id NOT IN (SELECT experiment_id FROM kept_model)""",
}


def through_the_socket(connection, connect=urllib3.connection.HTTPConnection._new_conn):
    """Connect to the server's socket where it is asked for localhost; a port would be a door for everybody here."""
    if connection.host != "localhost":
        return connect(connection)
    way = socket.socket(socket.AF_UNIX)
    way.connect(path)
    return way


urllib3.connection.HTTPConnection._new_conn = through_the_socket

engine = create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"])
before = int((time.time() - days * 86400) * 1000)
goes = {}
with engine.connect() as connection:
    for what, choice in CHOICES.items():
        for workspace, name in connection.execute(text(f"WITH {USED} {choice}"), {"before": before}):
            goes.setdefault(workspace, {key: [] for key in CHOICES})[what].append(name)

removed = sum(len(names) for chosen in goes.values() for names in chosen.values())
store = _get_store(os.environ["MLFLOW_BACKEND_STORE_URI"], os.environ.get("MLFLOW_ARTIFACTS_DESTINATION"))
for workspace, chosen in sorted(goes.items()):
    print(f"In workspace {workspace}, deleted more than {days} days ago:")
    with WorkspaceContext(workspace):
        # The models of a deleted experiment are not marked themselves, and would leave their artifacts behind.
        for model_id in chosen["logged_model_ids"]:
            with contextlib.suppress(MlflowException):  # it is marked already
                store.delete_logged_model(model_id)
        _gc_tracking_resources(
            backend_store=store,
            **chosen,
            older_than=None,
            time_delta=0,
            skip_experiments=not chosen["experiment_ids"],
            skip_logged_models=not chosen["logged_model_ids"],
        )
print(f"{removed} removed.")
