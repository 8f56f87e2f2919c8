"""Registered models come home, if that is asked for."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

SOURCE_VERSION = "mlflow_sync.source_version"


def bring(found, server):
    """Have a version on the server for each that the databases have of the runs that were brought. Return how many came."""
    by_client = {each.client: {} for each in found}
    for each in found:
        by_client[each.client][each.run_id] = each
    return sum(
        bring_version(version, runs[version.run_id], client, server)
        for client, runs in by_client.items()
        for version in sorted(client.search_model_versions(), key=lambda version: int(version.version))
        if version.run_id in runs
    )


def bring_version(version: ModelVersion, found, client, server):
    known = {each.tags.get(SOURCE_VERSION): each for each in versions(server.client, version.name)}
    mark = f"{version.run_id}:{version.version}"
    if mark in known:
        there = known[mark]
    else:
        model = client.get_registered_model(version.name)
        have_registered_model(model, server.client)
        source, model_id = source_of(version, found, server)
        there = server.client.create_model_version(
            version.name,
            source,
            server.id_of(version.run_id),
            dict(version.tags) | {SOURCE_VERSION: mark},
            description=version.description,
            model_id=model_id,
        )
    for alias in client.get_model_version(version.name, version.version).aliases:
        server.client.set_registered_model_alias(version.name, alias, there.version)
    return mark not in known


def versions(client, name):
    return client.search_model_versions(f"name = '{name}'")


def have_registered_model(model, client):
    try:
        client.create_registered_model(model.name, model.tags, model.description)
    except MlflowException as problem:
        if problem.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def source_of(version, found, server):
    """Return where the version's files are on the server, and the id of its logged model, if it is of one."""
    models = {model.model_id: model for model in found.models}
    model_id = version.model_id or urlsplit(version.source).path.strip("/")
    if model_id in models:
        there = server.models[model_id]
        return f"models:/{there.model_id}", there.model_id
    run = server.runs[version.run_id]
    root = PurePosixPath(unquote(urlsplit(found.run.info.artifact_uri).path))
    path = PurePosixPath(unquote(urlsplit(version.source).path)).relative_to(root)
    return f"{run.info.artifact_uri}/{path}", None
