"""The artifacts of a run or of a logged model, in a job's folder or on the server."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import mlflow


@dataclass(frozen=True)
class Shelf:
    look: Callable  # (folder or None) -> what MLflow tells of what is in there
    put: Callable  # (file here, path)
    fetch: Callable  # (path, folder here or None) -> file here

    def files(self, folder=None):
        """Return the size in bytes of each file, by its path."""
        found = {}
        for entry in self.look(folder):
            found.update(self.files(entry.path) if entry.is_dir else {entry.path: entry.file_size})
        return found


def of_run(client, run_id):
    return Shelf(
        lambda folder: client.list_artifacts(run_id, folder),
        lambda file, path: client.log_artifact(run_id, file, folder_of(path)),
        lambda path, here: client.download_artifacts(run_id, path, here),
    )


def of_model(client, model):
    def put(file, path):
        # One file goes to the model's root alone in MLflow 3.8, and a folder as it is.
        with tempfile.TemporaryDirectory() as root:
            link = Path(root, path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(file).absolute())
            client.log_model_artifacts(model.model_id, root)

    # MLflow reads models:/ID/PATH as the name and version of a registered model.
    return Shelf(
        lambda folder: client.list_logged_model_artifacts(model.model_id, folder),
        put,
        lambda path, here: mlflow.artifacts.download_artifacts(
            artifact_uri=f"{model.artifact_location}/{path}", dst_path=here, tracking_uri=client.tracking_uri
        ),
    )


def folder_of(path):
    folder = str(PurePosixPath(path).parent)
    return None if folder == "." else folder


def digest_of(file):
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def bring(source, server, done):
    """Bring each file that the server does not have, and read it back. Return the paths of those that differ then.

    What is there already, of the same size, is read instead of sent again. `done` is told each file's size.
    """
    there, differ = server.files(), []
    for path, size in source.files().items():
        file = source.fetch(path, None)
        digest = digest_of(file)
        if there.get(path) != size or read_back(server, path) != digest:
            server.put(file, path)
            if read_back(server, path) != digest:
                differ.append(path)
        done(size)
    return differ


def read_back(server, path):
    with tempfile.TemporaryDirectory() as folder:
        return digest_of(server.fetch(path, folder))
