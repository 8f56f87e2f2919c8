"""Asks the database once for what never changes. What does change - accounts, grants - is asked for each time."""

import threading
from contextvars import ContextVar
from types import SimpleNamespace

from cachetools import LRUCache, cached
from mlflow.server import auth, workspace_helpers
from mlflow.utils.workspace_context import get_request_workspace

# A run is 0.3 kB here. Who logs to more runs than this at a time asks for the others again.
RUNS = 100_000


def experiments_of_runs() -> None:
    """Remember which experiment a run belongs to.

    That is all that basic-auth wants to know of a run, and it loads the run for it with every metric, parameter and tag
    - once for each value that is logged. Who may do what in that experiment is asked each time.
    """
    fetch_or_none = auth._fetch_or_none

    @cached(LRUCache(RUNS), key=lambda get_run, run_id: (get_request_workspace(), run_id), lock=threading.Lock())
    def remembered(get_run, run_id):
        return SimpleNamespace(info=SimpleNamespace(experiment_id=get_run(run_id).info.experiment_id))

    def fetch(get, resource_id):
        if get.__name__ != "get_run":
            return fetch_or_none(get, resource_id)
        # Through MLflow's own function, which knows what a missing run is. That is not remembered.
        return fetch_or_none(lambda run_id: remembered(get, run_id), resource_id)

    auth._fetch_or_none = fetch


def default_workspace() -> None:
    """Remember the workspace of requests that name none. It cannot be removed, and of it only the name is used here."""
    find = workspace_helpers.get_default_workspace_optional
    workspace_helpers.get_default_workspace_optional = cached({}, key=lambda store: None, lock=threading.Lock())(find)


def account_while_deciding() -> None:
    """Read the account of who asks once for the decision whether she may: basic-auth reads it for each part of that.

    The decision over, it is forgotten, so that nothing has to know when an account changes.
    """
    decide, get_user = auth._before_request, auth.store.get_user
    found = ContextVar("found", default=None)

    def get_user_once(username):
        known = found.get()
        if known is None:
            return get_user(username)
        if username not in known:
            known[username] = get_user(username)
        return known[username]

    def decide_once():
        token = found.set({})
        try:
            return decide()
        finally:
            found.reset(token)

    auth.store.get_user = get_user_once
    auth._before_request = decide_once
