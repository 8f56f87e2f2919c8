"""Logs the values of a run in one statement of PostgreSQL's.

MLflow needs seven for a value: which run it is of, which of its keys have a last value and which, the value and the last one
between BEGIN and COMMIT. For a batch of a hundred it needs 109, in two transactions.
"""

import json
import threading
from collections.abc import Callable

from cachetools import LRUCache, cached
from mlflow.entities import LifecycleStage, Metric
from mlflow.store.tracking import sqlalchemy_store
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlRun
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from basic_auth_lean.database import without_transaction

COLUMNS = {"run_uuid", "key", "value", "timestamp", "step", "is_nan"}

# As MLflow does: a value that is there is not logged again; the last value of a key is of the highest step, then of the
# latest time, then the highest, and the first of equal ones. Keys are locked in their order, so that no two batches wait
# for each other.
STATEMENT = """
WITH run AS ({run}),
logged AS (
  SELECT run_uuid, value.* FROM run, ROWS FROM (json_to_recordset(%(metrics)s) AS
    (key varchar, value float8, timestamp bigint, step bigint, is_nan boolean)
  ) WITH ORDINALITY AS value (key, value, timestamp, step, is_nan, position)
),
history AS (
  INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)
  SELECT run_uuid, key, value, timestamp, step, is_nan FROM logged ORDER BY key, position
  ON CONFLICT DO NOTHING
),
last AS (
  INSERT INTO latest_metrics AS old (run_uuid, key, value, timestamp, step, is_nan)
  SELECT DISTINCT ON (key) run_uuid, key, value, timestamp, step, is_nan FROM logged
  ORDER BY key, step DESC, timestamp DESC, value DESC, position
  ON CONFLICT (key, run_uuid) DO UPDATE
  SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
  WHERE (excluded.step, excluded.timestamp, excluded.value) > (old.step, old.timestamp, old.value)
)
SELECT run_uuid FROM run
"""


def in_one_statement() -> None:
    """Log values of a run that is there and active in one statement; all else, and each refusal, is MLflow's own."""
    for table in (SqlMetric.__table__, SqlLatestMetric.__table__):
        if set(table.columns.keys()) != COLUMNS:
            raise AttributeError(f"{table.name} has {', '.join(table.columns.keys())}")
    log_metrics, log_batch = SqlAlchemyStore._log_metrics_once, SqlAlchemyStore.log_batch
    retried = SqlAlchemyStore._run_with_deadlock_retry
    # All that is missing is to be missed here, where `attempt` sees it, not when somebody logs.
    validate_metric, validate_run_id = sqlalchemy_store._validate_metric, sqlalchemy_store._validate_run_id
    validate_data, validate_limits = (
        sqlalchemy_store._validate_batch_log_data,
        sqlalchemy_store._validate_batch_log_limits,
    )

    def logged(store: SqlAlchemyStore, run_id: str, metrics: list[Metric]) -> None:
        if not inserted(store, run_id, metrics):
            log_metrics(store, run_id, metrics)

    def log_metrics_once(store, run_id, metrics):
        for index, metric in enumerate(metrics):
            path = "" if len(metrics) == 1 else f"metrics[{index}]"
            validate_metric(metric.key, metric.value, metric.timestamp, metric.step, path=path)
        logged(store, run_id, metrics)

    def log_batch_once(store, run_id, metrics, params, tags):
        if not metrics or params or tags or any(metric.model_id is not None for metric in metrics):
            log_batch(store, run_id, metrics, params, tags)
            return
        validate_run_id(run_id)
        validate_data(metrics, params, tags)
        validate_limits(metrics, params, tags)
        retried(store, logged, store, run_id, metrics)

    SqlAlchemyStore._log_metrics_once = on_postgresql(log_metrics_once, log_metrics)
    SqlAlchemyStore.log_batch = on_postgresql(log_batch_once, log_batch)


def on_postgresql(there: Callable, elsewhere: Callable) -> Callable:
    def log(store, *arguments, **named):
        return (there if store.db_type == "postgresql" else elsewhere)(store, *arguments, **named)

    return log


def inserted(store: SqlAlchemyStore, run_id: str, metrics: list[Metric]) -> bool:
    """Log `metrics`, and return whether there was an active run to log them to."""
    logged = []
    for metric in metrics:
        is_nan, value = store.sanitize_metric_value(metric.value)
        place = {"key": metric.key, "timestamp": metric.timestamp, "step": metric.step}
        logged.append(place | {"value": value, "is_nan": is_nan})
    values = {"run_id": run_id, "metrics": json.dumps(logged)}
    with store.ManagedSessionMaker(read_only=False) as session:
        statement, known = written(store, session)
        with without_transaction(session) as connection:
            return connection.exec_driver_sql(statement, known | values).first() is not None


# Of each workspace there is one.
@cached(LRUCache(1000), key=lambda store, session: (type(store), store._get_active_workspace()), lock=threading.Lock())
def written(store: SqlAlchemyStore, session: Session) -> tuple[str, dict[str, object]]:
    """Write the statement with MLflow's own question for a run; return it, and what MLflow says in it of a workspace."""
    question = store._get_query(session, SqlRun).with_entities(SqlRun.run_uuid)
    active = SqlRun.run_uuid == bindparam("run_id"), SqlRun.lifecycle_stage == LifecycleStage.ACTIVE
    run = question.filter(*active).statement.compile(session.get_bind())
    return STATEMENT.format(run=run), run.params
