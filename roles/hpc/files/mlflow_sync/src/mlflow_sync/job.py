"""The command mlflow-job."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from . import Refusal, databases

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "ignore_unknown_options": True})
@click.option("--every", default=60, show_default=True, metavar="SECONDS", help="How often the database is copied out.")
@click.option(
    "--grace",
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long a program may go on after it was told to end.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def main(every, grace, command):
    """Run COMMAND, a program that logs to MLflow, with a database of its own.

    The database is on the disk of the node that the job runs on (SLURM_TMPDIR, else TMPDIR). A copy of it is kept in the
    folder that MLFLOW_JOBS_PATH names, and is made anew each minute and at the end.

    Slurm has to tell the job of its time limit before it ends it, and this program has to be the one that is told:

      #SBATCH --signal=B:TERM@90
      exec mlflow-job python train.py
    """
    try:
        sys.exit(Job(every, grace).run(command))
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


class Job:
    def __init__(self, every, grace):
        self.every, self.grace = every, grace
        self.kept = folder_of("MLFLOW_JOBS_PATH") / f"{name()}.db"
        self.artifacts = folder_of("MLFLOW_ARTIFACTS_PATH")
        # Of a folder below, others see no more than its name.
        self.here = Path(tempfile.mkdtemp(prefix="mlflow-", dir=os.environ.get("SLURM_TMPDIR")))
        self.database = self.here / "mlflow.db"
        self.killed_at = None

    def run(self, command):
        """Run a program; return its exit status, as a shell would."""
        if self.kept.exists():  # Slurm has put the job back in the queue
            shutil.copyfile(self.kept, self.database)
        try:
            status = self.wait_for(command)
            if status != 0 and self.database.exists():
                databases.end_runs(self.database)
            self.save()
        finally:
            shutil.rmtree(self.here, ignore_errors=True)
        return status

    def wait_for(self, command):
        program = subprocess.Popen(command, env=self.environment(), start_new_session=True)
        for number in FORWARDED:
            signal.signal(number, lambda number, _: self.forward(program, number))
        saved = time.monotonic()
        while True:
            try:
                status = program.wait(timeout=1)
                return status if status >= 0 else 128 - status
            except subprocess.TimeoutExpired:
                pass
            if self.killed_at and time.monotonic() > self.killed_at:
                os.killpg(program.pid, signal.SIGKILL)
            if time.monotonic() > saved + self.every:
                self.save()
                saved = time.monotonic()

    def forward(self, program, number):
        if program.poll() is None:
            os.killpg(program.pid, number)
        if number in ENDING:
            self.killed_at = time.monotonic() + self.grace

    def environment(self):
        url = databases.url_of(self.database)
        mlflow = {
            "MLFLOW_TRACKING_URI": url,
            "MLFLOW_SQLITE_DB_PATH": url,
            "MLFLOW_ARTIFACTS_PATH": str(self.artifacts),
        }
        # Apptainer shows a container the folders that APPTAINER_BIND names, below the same paths.
        plugin = os.environ.get("MLFLOW_PLUGIN_PATH", "")
        inside = mlflow | {"PYTHONPATH": plugin}
        binds = [os.environ.get("APPTAINER_BIND"), str(self.here), str(self.artifacts), plugin]
        return (
            os.environ
            | mlflow
            | {f"APPTAINERENV_{key}": value for key, value in inside.items()}
            | {"APPTAINER_BIND": ",".join(filter(None, binds))}
        )

    def save(self):
        if self.database.exists():
            databases.copy(self.database, self.kept)


def name():
    """Return a name that no other job has."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{word}") for word in ("JOB_ID", "TASK_ID"))
    return (
        f"{array}_{task}"
        if array and task
        else os.environ.get("SLURM_JOB_ID") or f"{socket.gethostname()}-{time.time_ns()}"
    )


def folder_of(variable):
    value = os.environ.get(variable, "")
    if not Path(value).is_absolute():
        raise Refusal(
            f"{variable}: found '{value}', expected the absolute path of a folder. Source mlflow_env.sh first."
        )
    try:
        Path(value).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Refusal(f"{variable}: {value} can't be made: {problem.strerror}") from problem
    return Path(value)
