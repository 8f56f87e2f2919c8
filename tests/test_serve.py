"""mlflow-server serves as `mlflow server` does, from forks of one process that has read MLflow's code."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from conftest import ROOT

SERVE = [sys.executable, "-c", "from basic_auth_lean.serve import main; main()", "--app-name", "basic-auth"]
HOST = "lab.example"
CONFIG = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/auth.db
admin_username = admin
"""


def environment(folder):
    (folder / "basic_auth.ini").write_text(CONFIG.format(folder=folder))
    return os.environ | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "basic_auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": "long-enough-1",
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONPATH": str(ROOT / "roles/mlflow/files/basic_auth_lean/src"),
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Start one with two workers; return its process, and a function that asks it."""
    folder = tmp_path_factory.mktemp("serve")
    options = ["--workers", "2", "--port", "15151", "--allowed-hosts", HOST, "--static-prefix", "/lab"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([*SERVE, *options], env=environment(folder), cwd=folder, stdout=log, stderr=log) as process,
    ):

        def ask(path, host=HOST, **options):
            return requests.get(f"http://127.0.0.1:15151{path}", headers={"Host": host}, timeout=60, **options)

        try:
            await_that(lambda: ask("/lab/health").ok, requests.ConnectionError)
            yield SimpleNamespace(process=process, ask=ask, folder=folder)
        except BaseException:
            print((folder / "log").read_text())
            raise
        finally:
            process.terminate()


def await_that(is_true, *refusals, seconds=120):
    """Wait until it is, whatever the machine is busy with."""
    for _ in range(seconds * 10):
        try:
            if is_true():
                return
        except refusals:
            pass
        time.sleep(0.1)
    pytest.fail("in vain", pytrace=False)


def workers(process):
    return set(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


def test_workers_are_forks_and_share_no_database(server):
    command = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    assert [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in workers(server.process)] == [command] * 2
    opened = [file.readlink().name for file in Path(f"/proc/{server.process.pid}/fd").iterdir()]
    assert not [name for name in opened if ".db" in name]


def test_options_that_mlflow_decides_by_while_it_is_read_are_heeded(server):
    experiments = "/api/2.0/mlflow/experiments/search?max_results=5"
    admin = {"auth": ("admin", "long-enough-1")}
    assert server.ask(f"/lab{experiments}").status_code == 401
    assert server.ask(f"/lab{experiments}", **admin).json()["experiments"][0]["name"] == "Default"
    assert server.ask(experiments, **admin).status_code == 404
    assert server.ask(f"/lab{experiments}", host="elsewhere.example", **admin).status_code == 403


def test_a_worker_that_was_killed_is_replaced(server):
    before = workers(server.process)
    os.kill(int(min(before)), signal.SIGKILL)
    await_that(lambda: len(now := workers(server.process)) == 2 and now != before)
    assert server.ask("/lab/health").ok


def test_it_ends_when_it_is_told_to(server):
    server.process.terminate()
    assert server.process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--no-such"], "No such option"),
        (["--backend-store-uri", "ftp://somewhere"], "unsupported URI"),
    ],
)
def test_what_mlflow_refuses_is_no_success(tmp_path, options, told):
    command = [*SERVE, *options]
    ran = subprocess.run(command, check=False, env=environment(tmp_path), cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode != 0
    assert told in ran.stderr


def test_mlflow_itself_serves_where_it_runs_jobs_as_well(monkeypatch):
    from basic_auth_lean import serve

    ran = []
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "true")
    monkeypatch.setattr("sys.argv", ["mlflow-server", "--workers", "3"])
    monkeypatch.setattr("mlflow.cli.cli", lambda arguments, **_: ran.append(arguments))
    serve.main()
    assert ran == [["server", "--workers", "3"]]
