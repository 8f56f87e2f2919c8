"""mlflow-job: a program and a database of its own, whatever becomes of the program."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from conftest import ROOT

COMMAND = [sys.executable, "-c", "from mlflow_sync.job import main; main()"]
# A program that logs as MLflow would, in a table that MLflow would make.
PROGRAM = """
import os, sqlite3, sys, time
database = sqlite3.connect(os.environ["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///"), isolation_level=None)
database.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num)")
database.execute("CREATE TABLE IF NOT EXISTS runs (run_uuid, status, end_time)")
database.execute("INSERT INTO runs VALUES (?, 'RUNNING', NULL)", [len(list(database.execute("SELECT * FROM runs")))])
"""


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "node").mkdir()
    return os.environ | {
        "PYTHONPATH": str(ROOT / "roles/hpc/files/mlflow_sync/src"),
        "MLFLOW_JOBS_PATH": str(tmp_path / "jobs"),
        "MLFLOW_ARTIFACTS_PATH": str(tmp_path / "artifacts"),
        "SLURM_TMPDIR": str(tmp_path / "node"),
        "SLURM_JOB_ID": "77",
    }


def start(environment, program, *options):
    command = [*COMMAND, *options, sys.executable, "-c", PROGRAM + program]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def kept(tmp_path, name="77"):
    with contextlib.closing(sqlite3.connect(tmp_path / f"jobs/{name}.db")) as database:
        return database.execute("SELECT status, end_time IS NULL FROM runs").fetchall()


def test_its_status_is_the_programs_and_its_database_is_kept(environment, tmp_path):
    with start(environment, "sys.exit(3)") as job:
        assert job.wait() == 3
    assert kept(tmp_path) == [("KILLED", 0)]
    assert list((tmp_path / "node").iterdir()) == []
    assert (tmp_path / "artifacts").is_dir()


def test_a_program_that_ends_well_has_said_itself_how_its_runs_ended(environment, tmp_path):
    with start(environment, "") as job:
        assert job.wait() == 0
    assert kept(tmp_path) == [("RUNNING", 1)]


def test_a_program_is_told_to_end_and_if_it_does_not_it_is_ended(environment, tmp_path):
    program = (
        "import signal; signal.signal(signal.SIGTERM, lambda *_: print('told', flush=True)); print('on', flush=True)\n"
    )
    with start(environment, program + "while True: time.sleep(1)", "--grace=1") as job:
        assert job.stdout.readline() == "on\n"
        job.send_signal(signal.SIGTERM)
        assert job.stdout.readline() == "told\n"
        assert job.wait(20) == 128 + signal.SIGKILL
    assert kept(tmp_path) == [("KILLED", 0)]


def test_what_was_logged_is_kept_while_the_program_runs(environment, tmp_path):
    with start(environment, "time.sleep(60)", "--every=1") as job:
        for _ in range(100):
            if (tmp_path / "jobs/77.db").exists():
                break
            time.sleep(0.1)
        job.kill()
        assert kept(tmp_path) == [("RUNNING", 1)]
    subprocess.run(["pkill", "-f", str(tmp_path)], check=False)


def test_tasks_of_an_array_and_a_job_that_is_started_again(environment, tmp_path):
    environment |= {"SLURM_ARRAY_JOB_ID": "9", "SLURM_ARRAY_TASK_ID": "2"}
    for _ in range(2):
        with start(environment, "") as job:
            assert job.wait() == 0
    assert kept(tmp_path, "9_2") == [("RUNNING", 1)] * 2


def test_a_container_is_shown_the_same_paths(environment, tmp_path):
    environment |= {"APPTAINER_BIND": "/data", "MLFLOW_PLUGIN_PATH": "/plugin"}
    with start(
        environment, "print(os.environ['APPTAINER_BIND'], os.environ['APPTAINERENV_MLFLOW_TRACKING_URI'])"
    ) as job:
        binds, url = job.stdout.read().split()
    data, here, artifacts, plugin = binds.split(",")
    assert (data, artifacts, plugin) == ("/data", str(tmp_path / "artifacts"), "/plugin")
    assert url == f"sqlite:///{here}/mlflow.db"


def test_without_its_variables_it_says_what_to_source(environment):
    del environment["MLFLOW_JOBS_PATH"]
    with start(environment, "") as job:
        assert "MLFLOW_JOBS_PATH: found ''" in job.stdout.read()
        assert job.wait() == 1
