"""mlflow-sync against a real server, on this machine's loopback."""

import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, ViewType
from mlflow_sync import bring, databases
from mlflow_sync.server import SOURCE
from mlflow_sync.sync import main


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return the URL of an MLflow server of the tests' own."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers=1", "--host=127.0.0.1", f"--port={port}"]
    command += [f"--backend-store-uri=sqlite:///{folder}/mlflow.db", f"--artifacts-destination={folder}/artifacts"]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail((folder / "log").read_text())
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Return a client of a new database, whose experiment is named like the folder, so that each test has its own."""
    monkeypatch.setenv("MLFLOW_ARTIFACTS_PATH", str(tmp_path / "artifacts"))
    url = databases.url_of(tmp_path / "job.db")
    client = MlflowClient(url, url)
    client.experiment = client.create_experiment(tmp_path.name, artifact_location=str(tmp_path / "artifacts"))
    client.name, client.path = tmp_path.name, tmp_path / "job.db"
    return client


def sync(server, *arguments, status=0):
    run = CliRunner().invoke(main, [f"--to={server}", *map(str, arguments)])
    assert run.exit_code == status, run.output
    return run.output


def runs_of(server, job, view=ViewType.ACTIVE_ONLY):
    client = MlflowClient(server, server)
    experiment = client.get_experiment_by_name(job.name)
    return client, client.search_runs([experiment.experiment_id], run_view_type=view)


def test_what_runs_goes_on_and_what_has_ended_comes_once(server, job, tmp_path):
    run = job.create_run(job.experiment, start_time=1000, run_name="first", tags={"note": "é"}).info.run_id
    job.log_batch(run, [Metric("loss", step / 7, 1000 + step, step) for step in range(1500)])
    job.log_metric(run, "diverged", math.nan, timestamp=1001)
    (tmp_path / "a file").write_text("hello")
    job.log_artifact(run, str(tmp_path / "a file"), "folder/ü")

    assert "1 new. 1501 metric values" in sync(server, job.path)
    job.log_metric(run, "loss", 0.5, timestamp=9000, step=9000)
    job.set_terminated(run, "FAILED", end_time=10000)
    assert "1 continued" in sync(server, job.path)
    assert "1 unchanged. 0 metric values" in sync(server, job.path)

    client, (there,) = runs_of(server, job)
    assert (there.info.start_time, there.info.end_time, there.info.status) == (1000, 10000, "FAILED")
    assert there.data.tags | {"note": "é", SOURCE: run, "mlflow.runName": "first"} == there.data.tags
    history = client.get_metric_history(there.info.run_id, "loss")
    assert sorted((each.step, each.value) for each in history) == [(step, step / 7) for step in range(1500)] + [
        (9000, 0.5)
    ]
    assert math.isnan(client.get_metric_history(there.info.run_id, "diverged")[0].value)
    assert Path(client.download_artifacts(there.info.run_id, "folder/ü/a file", str(tmp_path))).read_text() == "hello"


def test_a_cut_leads_to_no_second_run_and_no_second_value(server, job, monkeypatch):
    run = job.create_run(job.experiment).info.run_id
    job.log_batch(run, [Metric("loss", step, step, step) for step in range(1000)])
    job.log_batch(run, [Metric("skill", step, step, step) for step in range(1000)])
    job.set_terminated(run)

    def cut(*_):
        raise OSError("cut")

    with monkeypatch.context() as patched:
        patched.setattr(bring, "bring_inputs", cut)
        assert "cut" in sync(server, job.path, status=1)
    _, (there,) = runs_of(server, job)
    assert there.info.status == "RUNNING"
    assert "1 continued" in sync(server, job.path)
    client, (there,) = runs_of(server, job)
    assert there.info.status == "FINISHED"
    assert len(client.get_metric_history(there.info.run_id, "loss")) == 1000


def test_what_differs_on_the_server_is_told_and_not_called_done(server, job):
    run = job.create_run(job.experiment).info.run_id
    job.log_param(run, "seed", 1)
    job.log_metric(run, "loss", 1, timestamp=1)
    sync(server, job.path)
    client, (there,) = runs_of(server, job)
    client.log_metric(there.info.run_id, "loss", 2, timestamp=2)
    job.log_metric(run, "loss", 3, timestamp=3)
    assert "metric loss: 3 values, expected 2" in sync(server, job.path, status=1)
    assert "metric loss: 3 values, expected 2" in sync(server, job.path, status=1)


def test_a_run_that_was_deleted_on_the_server_stays_deleted(server, job):
    job.create_run(job.experiment)
    sync(server, job.path)
    client, (there,) = runs_of(server, job)
    client.delete_run(there.info.run_id)
    assert "1 deleted" in sync(server, job.path)
    assert runs_of(server, job)[1] == []


def test_children_find_their_parents(server, job):
    parent = job.create_run(job.experiment, start_time=2000, run_name="parent").info.run_id
    job.create_run(job.experiment, start_time=1000, run_name="child", tags={"mlflow.parentRunId": parent})
    sync(server, job.path)
    there = {run.info.run_name: run for run in runs_of(server, job)[1]}
    assert there["child"].data.tags["mlflow.parentRunId"] == there["parent"].info.run_id


def test_datasets_and_registered_models_come_once(server, job, tmp_path):
    run, name = job.create_run(job.experiment).info.run_id, tmp_path.name
    dataset = Dataset("era5", "d1", "local", '{"uri": "/data/era5"}', profile='{"rows": 3}')
    job.log_inputs(run, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    (tmp_path / "weights").write_text("0.5")
    job.log_artifact(run, str(tmp_path / "weights"), "model")
    job.create_registered_model(name, {"grid": "4 km"}, "a downscaler")
    job.create_model_version(
        name, f"{job.get_run(run).info.artifact_uri}/model", run, {"epoch": "7"}, description="good"
    )
    job.set_registered_model_alias(name, "champion", "1")
    job.set_terminated(run)

    assert "registered models: 1 versions" in sync(server, "--models", job.path)
    assert "1 unchanged" in (said := sync(server, "--models", job.path))
    assert "registered models: 0 versions" in said

    client, (there,) = runs_of(server, job)
    (found,) = there.inputs.dataset_inputs
    assert dict(found.dataset) == dict(dataset)
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "training")]
    model, version = client.get_registered_model(name), client.get_model_version_by_alias(name, "champion")
    assert (model.description, model.tags) == ("a downscaler", {"grid": "4 km"})
    assert (version.run_id, version.description, version.tags["epoch"]) == (there.info.run_id, "good", "7")
    assert version.source == f"{there.info.artifact_uri}/model"


def test_a_dry_run_changes_nothing(server, job):
    job.create_run(job.experiment, run_name="only")
    assert "new" in sync(server, "--dry-run", job.path)
    assert MlflowClient(server, server).get_experiment_by_name(job.name) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to=sqlite:////tmp/x.db", "{job}"], "found 'sqlite:////tmp/x.db', which is no server"),
        (["--to={server}", "/nowhere"], "found no MLflow database in /nowhere"),
        (["--to={server}"], "MLFLOW_JOBS_PATH is not set"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(server, job, monkeypatch, arguments, told):
    monkeypatch.delenv("MLFLOW_JOBS_PATH", raising=False)
    run = CliRunner().invoke(main, [each.format(server=server, job=job.path) for each in arguments])
    assert run.exit_code == 1
    assert told in run.output


def test_the_database_is_not_changed(server, job):
    job.create_run(job.experiment)
    before = job.path.read_bytes()
    sync(server, job.path)
    assert job.path.read_bytes() == before
