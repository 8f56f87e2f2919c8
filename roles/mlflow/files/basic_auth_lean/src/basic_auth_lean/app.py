"""MLflow's basic-auth with every rule that it has, for less work a request: `mlflow server --app-name basic-auth-lean`.

A call of `log_metric` cost 18 ms of CPU time, of which MLflow's own work on the metric is 3: docs/performance.md.
"""

import logging
from collections.abc import Callable

from fastapi import FastAPI
from mlflow.server import app as flask_app
from mlflow.server import auth

from basic_auth_lean import answers, database, logins, metrics, remember, shortcut, withhold


def create_app() -> FastAPI:
    """Make the application, as `mlflow.server.auth.create_app` does; each worker of `mlflow server` calls this."""
    attempt(database.ping_who_was_idle)
    attempt(database.read_accounts_without_transactions)
    attempt(answers.of_accounts_and_grants)
    attempt(metrics.in_one_statement)
    attempt(logins.once)
    attempt(remember.experiments_of_runs)
    attempt(remember.default_workspace)
    attempt(remember.account_while_deciding)
    attempt(withhold.models_of_runs)
    app = auth.create_app(flask_app)
    attempt(shortcut.add, app, flask_app)
    return app


def attempt(change: Callable, *arguments: object) -> None:
    """Do without a change that another version of MLflow has no place for: it is slower then, and as safe."""
    try:
        change(*arguments)
    except AttributeError as missing:
        logging.getLogger(__name__).warning("Not with this MLflow: %s: %s", change.__qualname__, missing)
