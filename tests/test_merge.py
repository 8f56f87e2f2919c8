"""One database of many, as mlflow-ui shows it."""

import numpy
import pytest
from mlflow import MlflowClient
from mlflow.data import from_numpy
from mlflow.entities import DatasetInput
from mlflow_sync import databases
from mlflow_sync.merge import merge


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ARTIFACTS_PATH", str(tmp_path / "artifacts"))

    def make(name, *experiments):
        url = databases.url_of(tmp_path / name)
        client = MlflowClient(url, url)
        client.path = tmp_path / name
        client.experiments = {each: client.create_experiment(each) for each in experiments}
        return client

    return make


def log(job, experiment, value):
    run = job.create_run(job.experiments[experiment]).info.run_id
    job.log_metric(run, "loss", value)
    dataset = from_numpy(numpy.arange(4.0), name="era5")._to_mlflow_entity()
    job.log_inputs(run, [DatasetInput(dataset)])
    return run


def test_experiments_meet_by_name_and_everything_keeps_its_own(job):
    first, second = job("1.db", "a", "b"), job("2.db", "b", "c")
    runs = {log(first, "a", 1): 1.0, log(first, "b", 2): 2.0, log(second, "b", 3): 3.0, log(second, "c", 4): 4.0}
    for each in (first, second):
        each.create_registered_model("downscaler")
        each.create_model_version("downscaler", "/somewhere", next(iter(runs)))
        each.set_registered_model_alias("downscaler", "champion", 1)
    merge([first.path, second.path])

    experiments = {each.name: each.experiment_id for each in first.search_experiments()}
    assert sorted(experiments) == ["Default", "a", "b", "c"]
    assert len(first.search_runs([experiments["b"]])) == 2
    found = {run: first.get_run(run) for run in runs}
    assert {run: there.data.metrics["loss"] for run, there in found.items()} == runs
    assert {there.inputs.dataset_inputs[0].dataset.name for there in found.values()} == {"era5"}
    versions = first.search_model_versions("name = 'downscaler'")
    assert sorted(int(each.version) for each in versions) == [1, 2]
    assert first.get_model_version_by_alias("downscaler", "champion").version in (2, "2")
