"""Values logged in one statement are those that MLflow would have written: values.py URI, of an empty database."""

import math
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy
from basic_auth_lean import metrics as lean
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.workspace_context import WorkspaceContext

MLFLOW = {name: getattr(SqlAlchemyStore, name) for name in ("_log_metrics_once", "log_batch")}
lean.in_one_statement()
LEAN = {name: getattr(SqlAlchemyStore, name) for name in MLFLOW}
# Few of each, so that many are the same, and some of them apart in nothing but what SQL has no number for.
KEYS = ["loss", "Loss", "val/loss", "acc", "é ü.-_:", "k" * 250]
VALUES = [0, -0.0, 1, 0.1, -1e-308, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 2 / 3]
ASKED = [
    "select key, timestamp, step, value, is_nan from metrics where run_uuid = :run",
    "select key, timestamp, step, value, is_nan from latest_metrics where run_uuid = :run",
    "select key, value from params where run_uuid = :run",
    "select key, value from tags where run_uuid = :run and key = 'note'",
    "select lifecycle_stage, status from runs where run_uuid = :run",
    "select model_id, metric_name, metric_value from logged_model_metrics where run_id = :run",
]

store = WorkspaceAwareSqlAlchemyStore(sys.argv[1], "mlflow-artifacts:/")
tried, inserted = [], []


def counted(store, run_id, metrics, insert=lean.inserted):
    tried.append(run_id)
    inserted.append(insert(store, run_id, metrics))
    return inserted[-1]


lean.inserted = counted


def use(ways):
    for name, way in ways.items():
        setattr(SqlAlchemyStore, name, way)


def some(number, values=VALUES):
    return [
        Metric(random.choice(KEYS), random.choice(values), random.randrange(3), random.randrange(-2, 3))
        for _ in range(number)
    ]


def rows(run_id):
    """Return what is in the database of a run, in the order of ASKED."""
    with store.ManagedSessionMaker() as session:
        return [sorted(map(tuple, session.execute(sqlalchemy.text(asked), {"run": run_id}))) for asked in ASKED]


def said(call, *arguments):
    """Return what is refused, with the run's ID left out."""
    try:
        return call(*arguments)
    except MlflowException as refused:
        return refused.error_code, str(refused).replace(arguments[0], "RUN")


def log(calls):
    """Log to a new run by MLflow's way and by the other one, and compare what is there and what was said."""
    found = []
    for ways in (MLFLOW, LEAN):
        use(ways)
        run_id = store.create_run("0", "bob", 0, [], None).info.run_id
        found.append(([said(getattr(store, name), run_id, *arguments) for name, *arguments in calls], rows(run_id)))
    assert found[0] == found[1], (calls, *found)
    return found[0]


def same():
    for seed in range(30):
        random.seed(seed)
        values = VALUES if seed % 3 else [0, math.nan]  # no number is kept of what is none, but a nought
        calls = [("log_metric", metric) for metric in some(20, values)]
        calls += [("log_batch", some(30, values), [], []) for _ in range(2)]
        random.shuffle(calls)
        answers, (history, last, *_) = log(calls)
        assert set(answers) == {None}
        assert len(history) > len(last) > 1
    assert inserted.count(True) == len(inserted) == 30 * 22


def the_rest():
    params, tags = [Param("lr", "0.1")], [RunTag("note", "first")]
    answers, found = log([("log_batch", some(5), params, tags), ("log_batch", some(5), [], tags)])
    assert set(answers) == {None} and found[2:4] == [[("lr", "0.1")], [("note", "first")]]
    model = store.create_logged_model("0").model_id
    of_model = Metric("loss", 1.5, 1, 1, model_id=model)
    for call in (("log_metric", of_model), ("log_batch", [of_model], [], [])):
        answers, found = log([call])
        assert answers == [None] and found[-1] == [(model, "loss", 1.5)]


def refused():
    bad = [Metric("a\nb", 1, 0, 0), Metric("k" * 251, 1, 0, 0), Metric("loss", 1, -1, 0), Metric("loss", "x", 0, 0)]
    calls = [("log_metric", metric) for metric in bad] + [("log_batch", [metric], [], []) for metric in bad]
    calls += [("log_batch", [*some(2), metric], [], []) for metric in bad] + [("log_batch", some(1001), [], [])]
    answers, found = log(calls)
    assert None not in answers and found[0] == []

    log_one = [("log_metric", some(1)[0]), ("log_batch", some(3), [], [])]
    assert log([("delete_run",), *log_one])[0][1][0] == "INVALID_PARAMETER_VALUE"
    found = []
    for ways in (MLFLOW, LEAN):
        use(ways)
        elsewhere = store.create_run("0", "bob", 0, [], None).info.run_id
        with WorkspaceContext("ocean"):
            found += [
                [said(getattr(store, name), run, *rest) for name, *rest in log_one for run in ("0" * 32, elsewhere)]
            ]
        assert rows(elsewhere)[0] == []
    assert found[0] == found[1] and {code for code, _ in found[0]} == {"RESOURCE_DOES_NOT_EXIST"}


def at_once():
    """Have many log the same keys in different orders: none waits for another that waits for it, and none is lost."""
    use(LEAN)
    run_id = store.create_run("0", "bob", 0, [], None).info.run_id
    batches = [[Metric(f"key {key}", step, 1, step) for key in range(50)] for step in range(64)]
    for batch in batches:
        random.shuffle(batch)

    def log_twice(batch):
        with WorkspaceContext("default"):
            for _ in range(2):
                store.log_batch(run_id, batch, [], [])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log_twice, batches))
    assert tried.count(run_id) == 128
    history, last, *_ = rows(run_id)
    assert len(history) == 64 * 50
    assert last == sorted((f"key {key}", 1, 63, 63.0, False) for key in range(50))


with WorkspaceContext("default"):
    for check in (same, the_rest, refused, at_once):
        check()
        print(check.__name__)
