"""A plugin of MLflow's: where it logs to an SQLite database, files of runs go to the folder MLFLOW_ARTIFACTS_PATH.

MLflow itself would put them below the current folder, unless the experiment's maker has said where.
"""

import os

USUAL = "./mlruns"


def store(store_uri, artifact_uri=None):
    """Return the tracking store of a database; MLflow calls this by the entry point `mlflow.tracking_store`."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    return SqlAlchemyStore(store_uri, artifact_uri or os.environ.get("MLFLOW_ARTIFACTS_PATH") or USUAL)
