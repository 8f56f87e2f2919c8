"""mlflow-database: the database for programs that a person runs by hand."""

import contextlib
import sqlite3

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow_sync import database, databases
from mlflow_sync.database import main


def have(url):
    return CliRunner().invoke(main, env={"MLFLOW_SQLITE_DB_PATH": url})


def test_it_is_made_once_and_what_is_in_it_stays(tmp_path):
    url = f"sqlite:///{tmp_path}/mlflow.db"
    assert have(url).stdout == f"{tmp_path}/mlflow.db was made\n"
    experiment = MlflowClient(url).create_experiment("kept", artifact_location=str(tmp_path))
    assert have(url).stdout == f"{tmp_path}/mlflow.db is ready\n"
    assert MlflowClient(url).get_experiment(experiment).name == "kept"


def test_before_mlflow_changes_a_schema_without_a_word_it_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "mlflow.db"
    have(databases.url_of(path))
    newest = databases.revision(path)
    set_revision(path, "older")
    monkeypatch.setattr(database, "look_into", lambda _: set_revision(path, newest))
    assert "it is kept as" in have(databases.url_of(path)).stdout
    (kept,) = tmp_path.glob("*.kept")
    assert databases.revision(kept) == "older"


def set_revision(path, revision):
    with contextlib.closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = ?", [revision])


def test_what_is_no_database_is_told_and_stays(tmp_path):
    (tmp_path / "mlflow.db").write_text("a letter\n" * 1000)
    said = have(f"sqlite:///{tmp_path}/mlflow.db")
    assert said.exit_code == 1
    assert "which is no database of SQLite" in said.output
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize(
    "url", ["", "sqlite:///mlflow.db", "sqlite://{}/mlflow.db", "{}/mlflow.db", "https://mlflow.example"]
)
def test_another_number_of_slashes_is_told_and_nothing_is_made(tmp_path, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    url = url.format(tmp_path)
    said = have(url)
    assert said.exit_code == 1
    assert f"MLFLOW_SQLITE_DB_PATH: found '{url}', expected sqlite:////absolute/path.db." in said.output
    assert list(tmp_path.iterdir()) == []
