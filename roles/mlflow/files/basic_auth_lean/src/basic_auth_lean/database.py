"""Fewer words with PostgreSQL: MLflow says four for each look at an account, of which one is the question."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.server.auth import sqlalchemy_store
from mlflow.store.db import utils
from sqlalchemy import Connection, event, exc
from sqlalchemy.orm import Session

# A connection that has answered so lately is taken to be there still. If it is not, MLflow answers 503, all connections
# are made anew, and the client asks once more: as for those who were asking in the moment when the database went away.
IDLE_S = 1.0


def ping_who_was_idle() -> None:
    """Ask a connection whether it is there only if it was idle; MLflow asks before each transaction."""
    create = utils.create_sqlalchemy_engine

    def created(db_uri):
        engine = create(db_uri)
        if engine.dialect.name != "postgresql":
            return engine
        engine.pool._pre_ping = False

        @event.listens_for(engine, "checkin")
        def put_back(connection, record):
            record.info["idle_since"] = time.monotonic()

        @event.listens_for(engine, "checkout")
        def take_out(connection, record, proxy):
            if time.monotonic() - record.info.get("idle_since", float("inf")) > IDLE_S:
                try:
                    engine.dialect.do_ping(connection)
                except engine.dialect.loaded_dbapi.Error as lost:
                    raise exc.DisconnectionError from lost  # the pool makes another one

        return engine

    utils.create_sqlalchemy_engine = created


@contextmanager
def without_transaction(session: Session) -> Iterator[Connection]:
    """Have PostgreSQL take each statement of the session by itself, without a BEGIN before and a COMMIT after."""
    connection = session.connection()
    # The driver's own switch: SQLAlchemy's isolation_level would tell the server, and so ask as often.
    driver = connection.connection.driver_connection
    driver.autocommit = True
    try:
        yield connection
    finally:
        if not driver.closed:
            driver.autocommit = False


def read_accounts_without_transactions() -> None:
    """Ask about accounts and grants without a BEGIN before and a COMMIT after.

    They change nothing: PostgreSQL lets each question see what is there in its own moment (read committed) either way.
    """
    make = sqlalchemy_store._get_managed_session_maker

    def made(session_maker, db_type):
        managed = make(session_maker, db_type)

        @contextmanager
        def session_of(read_only=True):
            with managed(read_only=read_only) as session:
                if not (read_only and db_type == "postgresql"):
                    yield session
                    return
                with without_transaction(session):
                    yield session

        return session_of

    sqlalchemy_store._get_managed_session_maker = made
