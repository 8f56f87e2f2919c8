"""`mlflow server` that reads MLflow's code once: `mlflow-server`, with the same options.

By itself `mlflow server` reads it to understand its options, and each worker reads it again: 3 to 5 s of a core each time,
and as much time twice before the server answers. Here the options are understood in a fork, which ends with what it has
opened, and the workers are forks, too. Only what MLflow decides by those options while it is read, its application, is
read after them.
"""

import gc
import importlib
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection

import boto3  # noqa: F401 - as the next ones, for all who are forked
import fastapi  # noqa: F401
import flask  # noqa: F401
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
import uvicorn._subprocess
from mlflow.environment_variables import MLFLOW_SERVER_ENABLE_JOB_EXECUTION
from uvicorn.main import main as run_uvicorn

fork = multiprocessing.get_context("fork")


def main() -> None:
    """Serve, and exit as uvicorn does; with options that MLflow refuses, exit as MLflow does, but never with 0."""
    if MLFLOW_SERVER_ENABLE_JOB_EXECUTION.get():  # then MLflow starts more than uvicorn, and looks after it
        return run_mlflow(sys.argv[1:])
    command, environment = understand(sys.argv[1:])
    os.environ.update(environment)
    arguments = command[command.index("uvicorn") + 1 :]
    importlib.import_module(arguments[-1].partition(":")[0])
    # What is garbage now would be collected, and so copied, in each worker.
    gc.collect()
    gc.freeze()
    uvicorn._subprocess.spawn = fork
    run_uvicorn(arguments, prog_name="uvicorn")


def understand(options: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command, with uvicorn's arguments, that MLflow makes of its options, and the environment for it."""
    here, there = fork.Pipe(duplex=False)
    mlflow_itself = fork.Process(target=ask_mlflow, args=(options, there))
    mlflow_itself.start()
    there.close()
    try:
        told = here.recv()
    except EOFError:
        told = None
    mlflow_itself.join()
    return told or sys.exit(mlflow_itself.exitcode or 1)


def ask_mlflow(options: list[str], there: Connection) -> None:
    """Run MLflow's command line up to where it would start uvicorn."""
    import mlflow.server

    def tell(command, *, extra_env, **_):
        there.send((command, os.environ | extra_env))
        sys.exit()

    mlflow.server._exec_cmd = tell
    run_mlflow(options)


def run_mlflow(options: list[str]) -> None:
    """Run MLflow's command line, and exit as it does."""
    from mlflow.cli import cli

    cli(["server", *options], prog_name="mlflow")
