"""Brings a database's tables to what the installed MLflow expects, or makes them: those of runs, then those of accounts.

Expects the database's URL. It runs MLflow's own `mlflow db upgrade` and `python -m mlflow.server.auth db upgrade` in one
process, for each takes longer to load MLflow than to do its work. Not at the same time: the former would take a database
that has tables of accounts already for an old one.
"""

import sys

from mlflow.db import commands as runs
from mlflow.server.auth.db.cli import commands as accounts

url = sys.argv[1]
runs(["upgrade", url], standalone_mode=False)
accounts(["upgrade", "--url", url], standalone_mode=False)
