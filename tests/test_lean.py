"""basic-auth-lean answers as MLflow's basic-auth does, on a shorter way."""

import asyncio
import base64
import importlib
import itertools
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import sqlalchemy
from flask import Response
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.utils.workspace_context import WorkspaceContext

LOG_METRIC = "/api/2.0/mlflow/runs/log-metric"
CONFIG = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/auth.db
admin_username = admin
auth_cache_ttl_seconds = 600
"""
ADMIN = base64.b64encode(b"admin:long-enough-1").decode()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return MLflow's application with the shortcut, the shortcut's own, and the modules they are made of."""
    folder = tmp_path_factory.mktemp("lean")
    (folder / "basic_auth.ini").write_text(CONFIG.format(folder=folder))
    before = dict(os.environ)
    os.environ |= {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "basic_auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": "long-enough-1",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_ENABLE_WORKSPACES": "true",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "localhost",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{folder}/mlflow.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
    }
    lean = importlib.import_module("basic_auth_lean.app")
    app = lean.create_app()
    yield SimpleNamespace(app=app, lean=lean, auth=lean.auth, shortcut=app.user_middleware[0].kwargs)
    os.environ.clear()
    os.environ |= before


def ask(app, method, path, body=(b"{}",), **headers):
    """Send a request as uvicorn does; return the status, the headers and the body of the answer."""
    path, _, query = path.partition("?")
    length = str(sum(map(len, body)))
    headers = {"host": "localhost", "content-type": "application/json", "content-length": length} | headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    parts.append({"type": "http.request", "body": b"", "more_body": False})
    sent = []

    async def receive():
        return parts.pop(0) if parts else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], sorted(map(tuple, sent[0]["headers"])), answer


def long_way(made):
    """Return MLflow's application as it is without the shortcut."""
    return made.app.build_middleware_stack().app.app


def test_what_people_call_most_goes_the_short_way_and_what_is_not_flasks_does_not(made):
    routes = made.shortcut["routes"]
    hot = ["runs/create", "runs/log-metric", "runs/log-batch", "runs/log-parameter", "runs/set-tag", "runs/update"]
    assert {("POST", f"/api/2.0/mlflow/{path}") for path in [*hot, "runs/search"]} <= routes
    assert all(path.startswith(("/api/", "/ajax-api/")) for _, path in routes)
    assert not [path for _, path in routes if "/3.0/jobs" in path or "/assistant" in path or "artifact" in path]


def test_nobody_is_refused_on_either_way(made):
    for method, path in made.shortcut["routes"]:
        answer = ask(made.app, method, path)
        assert answer[0] == 401, path
        assert answer == ask(long_way(made), method, path)
    assert len(made.shortcut["routes"]) > 200


def test_the_administrator_gets_the_same_on_both_ways(made):
    def answers(app):
        for method, path in sorted(made.shortcut["routes"]):
            # The newer parts of the API ask the internet which models there are.
            if path.startswith("/api/2.0/mlflow/"):
                status, headers, body = ask(app, method, path, authorization=f"Basic {ADMIN}")
                # Of an error its code: its text may hold an ID or a name that was made for it.
                yield method, path, status, [name for name, _ in headers], body.partition(b'", "message"')[0]

    short = list(answers(made.app))
    assert short == list(answers(long_way(made)))
    assert {200, 400, 404} <= {status for _, _, status, _, _ in short}


def test_strange_hosts_and_pages_are_refused_on_the_short_way(made):
    login = {"authorization": f"Basic {ADMIN}"}
    assert ask(made.app, "POST", LOG_METRIC, **login)[0] == 400
    assert ask(made.app, "POST", LOG_METRIC, **login, host="evil.example")[0] == 403
    assert ask(made.app, "POST", LOG_METRIC, **login, origin="https://evil.example")[0] == 403


def test_a_body_in_parts_arrives_whole(made):
    name = "x" * 200_000
    body = f'{{"name": "{name}"}}'.encode()
    parts = [body[start : start + 60_000] for start in range(0, len(body), 60_000)]
    answer = ask(made.app, "POST", "/api/2.0/mlflow/experiments/create", parts, authorization=f"Basic {ADMIN}")
    assert answer[0] == 400
    assert b"exceeds the maximum length" in answer[2]


FILES = "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts"


def test_a_file_comes_and_goes_on_both_ways(made):
    login = {"authorization": f"Basic {ADMIN}"}
    ways = made.app, long_way(made)
    for there, back in itertools.permutations(ways):
        pieces = [os.urandom(60_000) for _ in range(5)]
        assert ask(there, "PUT", f"{FILES}/field.bin", pieces, **login)[0] == 200
        assert ask(back, "GET", f"{FILES}/field.bin", **login)[::2] == (200, b"".join(pieces))
    for path in ("field.bin", "nothing.bin", "../../../../mlflow.db", "%2e%2e/x"):
        short, long = (ask(way, "GET", f"{FILES}/{path}", **login) for way in ways)
        assert short == long, path


def test_nobody_is_let_to_files_on_either_way(made):
    for method, path in itertools.product(("GET", "PUT"), ("field.bin", "nothing.bin")):
        refusals = [ask(way, method, f"{FILES}/{path}") for way in (made.app, long_way(made))]
        assert refusals[0] == refusals[1]
        assert refusals[0][0] == 401


def test_strange_hosts_are_refused_files(made):
    login = {"authorization": f"Basic {ADMIN}"}
    assert ask(made.app, "GET", f"{FILES}/field.bin", **login, host="evil.example")[0] == 403


def test_what_comes_in_pieces_goes_in_parts(made):
    size = made.lean.shortcut.artifacts.PART

    async def pieces(total):
        for start in range(0, total, 65_536):
            yield bytes(min(65_536, total - start))

    async def parts(total):
        return [len(part) async for part in made.lean.shortcut.artifacts.in_parts(pieces(total))]

    assert asyncio.run(parts(0)) == [0]
    assert asyncio.run(parts(size - 1)) == [size - 1]
    assert asyncio.run(parts(size)) == [size, 0]
    assert asyncio.run(parts(2 * size + 5)) == [size, size, 5]


def test_there_is_no_shortcut_past_a_middleware_that_nobody_knows(made, caplog):
    async def rate_limit(request, call_next):
        return await call_next(request)

    before = list(made.app.user_middleware)
    made.app.user_middleware[:] = [layer for layer in before if layer.cls is not made.lean.shortcut.Shortcut]
    try:
        made.app.user_middleware.append(before[1].__class__(made.lean.shortcut.BaseHTTPMiddleware, dispatch=rate_limit))
        made.lean.shortcut.add(made.app, made.lean.flask_app)
        assert not [layer for layer in made.app.user_middleware if layer.cls is made.lean.shortcut.Shortcut]
    finally:
        made.app.user_middleware[:] = before
    assert "No shortcut" in caplog.text
    assert "rate_limit" in caplog.text


def test_a_run_is_looked_up_once_and_one_that_is_missing_each_time(made):
    asked = []

    def get_run(run_id):
        asked.append(run_id)
        if run_id == "missing":
            raise MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
        return SimpleNamespace(info=SimpleNamespace(experiment_id="7"), data="much")

    fetch = made.auth._fetch_or_none
    assert [fetch(get_run, "there").info.experiment_id for _ in range(3)] == ["7"] * 3
    assert [fetch(get_run, "missing") for _ in range(2)] == [None] * 2
    assert asked == ["there", "missing", "missing"]


def test_a_run_of_another_workspace_is_another_run(made):
    from mlflow.utils import workspace_context

    asked = []

    def get_run(run_id):
        asked.append(workspace_context.get_request_workspace())
        return SimpleNamespace(info=SimpleNamespace(experiment_id="7"))

    for workspace in ("one", "two", "one"):
        workspace_context.set_server_request_workspace(workspace)
        made.auth._fetch_or_none(get_run, "run")
    workspace_context.clear_server_request_workspace()
    assert asked == ["one", "two"]


def test_what_is_no_run_is_asked_for_each_time(made):
    asked = []

    def get_logged_model(model_id):
        asked.append(model_id)
        return SimpleNamespace(experiment_id="7")

    assert [made.auth._fetch_or_none(get_logged_model, "model").experiment_id for _ in range(2)] == ["7"] * 2
    assert asked == ["model"] * 2


def test_what_this_mlflow_has_no_place_for_is_left_out_and_said(made, caplog):
    def change():
        raise AttributeError("module 'mlflow.server.auth' has no attribute '_fetch_or_none'")

    made.lean.attempt(change)
    assert "change: module 'mlflow.server.auth' has no attribute '_fetch_or_none'" in caplog.text


def test_a_password_is_looked_at_once_when_many_come_with_it_at_the_same_moment(made, monkeypatch):
    looked, at_once = [], threading.Barrier(8)
    look = made.auth.store.authenticate_user

    def slow(username, password):
        looked.append(username)
        time.sleep(0.2)
        return look(username, password)

    def come(password):
        at_once.wait()
        return made.auth._authenticate_cached("admin", password)

    monkeypatch.setattr(made.auth.store, "authenticate_user", slow)
    made.auth._invalidate_user_auth_cache("admin")
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(come, ["long-enough-1"] * 8))
    assert [user.username for user in users] == ["admin"] * 8
    assert looked == ["admin"]


def test_a_wrong_password_is_refused_each_time(made):
    assert [made.auth._authenticate_cached("admin", "wrong") for _ in range(2)] == [None, None]


@pytest.fixture
def engine(made, monkeypatch):
    """Return an engine that the package takes for PostgreSQL's, and what it was pinged with."""
    engine, pinged = sqlalchemy.create_engine("sqlite://", pool_pre_ping=True, poolclass=sqlalchemy.QueuePool), []
    monkeypatch.setattr(engine.dialect, "name", "postgresql")
    monkeypatch.setattr(engine.dialect, "do_ping", pinged.append)
    monkeypatch.setattr(made.lean.database.utils, "create_sqlalchemy_engine", lambda uri: engine)
    made.lean.database.ping_who_was_idle()
    return made.lean.database.utils.create_sqlalchemy_engine("some"), pinged


def use(engine):
    """Return the driver's connection that the engine gives out."""
    with engine.connect() as connection:
        return connection.connection.driver_connection


def test_a_connection_that_has_just_answered_is_not_asked_whether_it_is_there(engine):
    engine, pinged = engine
    assert use(engine) is use(engine) is use(engine)
    assert pinged == []


def test_one_that_was_idle_is_asked(engine, made, monkeypatch):
    engine, pinged = engine
    monkeypatch.setattr(made.lean.database, "IDLE_S", 0)
    first = use(engine)
    assert use(engine) is first
    assert pinged == [first]


def test_one_that_is_lost_is_replaced(engine, made, monkeypatch):
    engine, _ = engine
    monkeypatch.setattr(made.lean.database, "IDLE_S", 0)
    first = use(engine)

    def lost(connection):
        if connection is first:
            raise engine.dialect.loaded_dbapi.OperationalError("gone")

    monkeypatch.setattr(engine.dialect, "do_ping", lost)
    assert use(engine) is not first


def test_who_asks_is_looked_up_once_for_a_decision_and_again_for_the_next(made, monkeypatch):
    asked = []
    monkeypatch.setattr(made.auth.store, "get_user", lambda name: asked.append(name) or SimpleNamespace(id=len(asked)))
    monkeypatch.setattr(made.auth, "_before_request", lambda: [made.auth.store.get_user(name).id for name in "aab"])
    made.lean.remember.account_while_deciding()
    assert made.auth._before_request() == [1, 1, 2]
    assert made.auth._before_request() == [3, 3, 4]
    assert [made.auth.store.get_user("a").id for _ in range(2)] == [5, 6]


@pytest.fixture
def looks(made):
    """Return how grants are looked up, and for what MLflow did so itself."""
    made_anew, look = [], made.auth.store.__class__.list_grants

    def list_grants(*arguments):
        made_anew.append(arguments)
        return look(made.auth.store, *arguments)

    return made.lean.answers.same_of_same(list_grants), made_anew


def test_the_same_answers_are_not_made_anew_and_others_are_at_once(made, looks):
    looked, made_anew = looks
    store = made.auth.store
    store.create_user("mae", "long-enough-3")
    asked = store.get_user("mae").id, "default", {"experiment"}
    assert [looked(*asked) for _ in range(3)] == [[]] * 3
    assert len(made_anew) == 1
    with WorkspaceContext("default"):
        store.grant_user_permission("mae", "experiment", "7", "EDIT")
    assert [looked(*asked) for _ in range(3)] == [[("experiment", "7", "EDIT")]] * 3
    assert len(made_anew) == 2
    assert looked(asked[0], "default", {"registered_model"}) == []
    assert looked(asked[0], "elsewhere", {"experiment"}) == []
    assert len(made_anew) == 4


def test_whose_account_changes_or_goes_is_known_at_once(made):
    store = made.auth.store
    store.create_user("noor", "long-enough-3")
    first = store.get_user("noor")
    assert store.get_user("noor") is first
    store.update_user("noor", is_admin=True)
    assert (first.is_admin, store.get_user("noor").is_admin) == (False, True)
    store.delete_user("noor")
    with pytest.raises(MlflowException, match="not found"):
        store.get_user("noor")


def test_values_are_left_to_an_mlflow_whose_tables_have_other_columns(made, monkeypatch, caplog):
    metrics = made.lean.metrics
    before = vars(metrics.SqlAlchemyStore).copy()
    monkeypatch.setattr(metrics, "COLUMNS", metrics.COLUMNS | {"unit"})
    made.lean.attempt(metrics.in_one_statement)
    assert (
        "Not with this MLflow: in_one_statement: metrics has key, value, timestamp, step, is_nan, run_uuid"
        in caplog.text
    )
    assert vars(metrics.SqlAlchemyStore) == before


@pytest.fixture(scope="module")
def run_of_a_model(made):
    """Return how somebody asks about a run that made a model and has a value of it, and the model's ID.

    The administrator and ada may see all; eve is denied models. MLflow's own database does not keep of which model a
    value in a history is.
    """

    def api(method, path, login=ADMIN, **body):
        parts = [json.dumps(body).encode()]
        status, _, answer = ask(made.app, method, f"/api/{path}", parts, authorization=f"Basic {login}")
        assert status == 200, answer
        return json.loads(answer)

    def grant(name, resource_type, resource_id, permission):
        what = {"resource_type": resource_type, "resource_id": resource_id, "permission": permission}
        api("POST", "3.0/mlflow/users/permissions/grant", username=name, **what)

    for name in ("ada", "eve"):
        api("POST", "2.0/mlflow/users/create", username=name, password="long-enough-2")
        grant(name, "experiment", "0", "READ")
    grant("eve", "logged_model", "*", "DENY")
    run = api("POST", "2.0/mlflow/runs/create", experiment_id="0")["run"]["info"]["run_id"]
    made_by = {"experiment_id": "0", "source_run_id": run}
    model = api("POST", "2.0/mlflow/logged-models", **made_by)["model"]["info"]["model_id"]
    api("POST", "2.0/mlflow/runs/outputs", run_id=run, models=[{"model_id": model, "step": 0}])
    value = {"key": "loss", "value": 1, "timestamp": 1, "step": 0}
    api("POST", "2.0/mlflow/runs/log-metric", run_id=run, model_id=model, **value)

    def look(name):
        login = ADMIN if name == "admin" else base64.b64encode(f"{name}:long-enough-2".encode()).decode()
        return [
            api("POST", "2.0/mlflow/runs/search", login, experiment_ids=["0"]),
            api("GET", f"2.0/mlflow/runs/get?run_id={run}", login),
            api("GET", f"2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss", login),
        ]

    return look, model


@pytest.fixture
def parsed(made, monkeypatch):
    """Return which answers are parsed again."""
    parsed, parse = [], made.auth.parse_dict

    def parse_dict(answer, message):
        parsed.append(message.DESCRIPTOR.full_name.removeprefix("mlflow."))
        return parse(answer, message)

    monkeypatch.setattr(made.auth, "parse_dict", parse_dict)
    return parsed


def test_who_may_see_models_gets_what_the_administrator_gets_and_nothing_is_parsed_for_it(run_of_a_model, parsed):
    look, model = run_of_a_model
    assert look("ada") == look("admin")
    assert [model in json.dumps(answer) for answer in look("ada")] == [True, True, False]
    assert parsed == []


def test_whom_models_are_denied_is_told_of_none_in_runs_and_metrics(run_of_a_model, parsed):
    look, model = run_of_a_model
    assert [model in json.dumps(answer) for answer in look("eve")] == [False] * 3
    assert parsed == ["SearchRuns.Response", "GetRun.Response"]


def test_what_names_no_model_is_passed_on_unread_whoever_asks(made, monkeypatch):
    def unwanted(*_):
        raise AssertionError

    monkeypatch.setattr(made.auth, "_denied_sibling_tiers", unwanted)
    made.lean.withhold.where_denied(unwanted)(Response('{"metrics": [{"key": "model", "value": 1}]}'))
