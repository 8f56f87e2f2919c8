"""One run comes home: what the server does not have of it is sent, and then compared."""

import math
from dataclasses import dataclass
from itertools import islice

from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric, Param, RunStatus, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_MODELS, MLFLOW_PARENT_RUN_ID

from . import shelf
from .found import point
from .server import SOURCE, STATE

METRICS, PARAMS, TAGS = 1000, 100, 100  # as many as MLflow takes in one request


@dataclass
class Outcome:
    """What became of a run: new, continued, unchanged, deleted (on the server, and left so), or failed."""

    kind: str
    points: int = 0
    size: int = 0
    problem: str = ""


def kind_of(found, server):
    """Return what is to be done about a run."""
    there = server.runs.get(found.run_id)
    if there is None:
        return "new"
    if there.info.lifecycle_stage == "deleted":
        return "deleted"
    state = found.state(tags_for(found, server))
    return "unchanged" if there.data.tags.get(STATE) == state else "continued"


def bring(found, server, done):
    """Bring a run of which there is one on the server. Return in words what is not there, or not the same, afterwards.

    `done` is told what was brought, in bytes; a metric value counts as BYTES_OF_A_POINT.
    """
    client, run_id = server.client, server.id_of(found.run_id)
    there = client.get_run(run_id)
    tags = tags_for(found, server)
    state = found.state(tags)

    missing = [Param(*item) for item in found.run.data.params.items() if item[0] not in there.data.params]
    for some in batches(missing, PARAMS):
        client.log_batch(run_id, params=some)
    changed = [RunTag(*item) for item in tags.items() if there.data.tags.get(item[0]) != item[1]]
    for some in batches(changed, TAGS):
        client.log_batch(run_id, tags=some)
    for key, points in found.metrics.items():
        known = {point(each) for each in client.get_metric_history(run_id, key)} if key in there.data.metrics else ()
        for some in batches((each for each in points if point(each) not in known), METRICS):
            client.log_batch(run_id, metrics=[Metric(each.key, each.value, each.timestamp, each.step) for each in some])
        done(len(points) * BYTES_OF_A_POINT)

    bring_inputs(found, server, there)
    differ = shelf.bring(found.shelf, shelf.of_run(client, run_id), done)
    for model in found.models:
        differ += [f"{model.name}/{path}" for path in bring_model(found, model, server, done)]

    problems = [f"the file {path}" for path in differ] + compare(found, server, tags)
    if not problems:
        end(found, server, state)
    return problems


BYTES_OF_A_POINT = 300


def batches(items, size):
    items = iter(items)
    while some := list(islice(items, size)):
        yield some


def tags_for(found, server):
    """Return a run's tags as they are to be on the server, where runs have other ids."""
    tags = dict(found.run.data.tags) | {SOURCE: found.run_id}
    if found.parent in server.runs:
        tags[MLFLOW_PARENT_RUN_ID] = server.id_of(found.parent)
    if MLFLOW_LOGGED_MODELS in tags and found.run_id in server.runs:
        tags[MLFLOW_LOGGED_MODELS] = tags[MLFLOW_LOGGED_MODELS].replace(found.run_id, server.id_of(found.run_id))
    return tags


def bring_inputs(found, server, there):
    """Bring the datasets of a run, and which models it has used and made, of those that are on the server."""
    run_id = there.info.run_id
    inputs, outputs = found.run.inputs, found.run.outputs
    datasets = inputs.dataset_inputs if inputs else []
    models = [
        LoggedModelInput(server.models[each.model_id].model_id)
        for each in (inputs.model_inputs if inputs else [])
        if each.model_id in server.models
    ]
    if datasets or models:
        server.client.log_inputs(run_id, datasets=datasets, models=models)
    known = {each.model_id for each in there.outputs.model_outputs} if there.outputs else set()
    made = [
        LoggedModelOutput(server.models[each.model_id].model_id, each.step)
        for each in (outputs.model_outputs if outputs else [])
        if each.model_id in server.models and server.models[each.model_id].model_id not in known
    ]
    if made:
        server.client.log_outputs(run_id, made)


def bring_model(found, model, server, done):
    """Bring a logged model: its files, its metrics, and whether it is ready. Return the paths of files that differ."""
    client, there = server.client, server.models[model.model_id]
    differ = shelf.bring(found.shelf_of(model), shelf.of_model(client, there), done)
    there = client.get_logged_model(there.model_id)
    if model.status != there.status and model.status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED):
        client.finalize_logged_model(there.model_id, model.status)
    known = {(each.key, each.run_id, *point(each)) for each in there.metrics or []}
    for each in model.metrics or []:
        if each.run_id not in server.runs or (each.key, server.id_of(each.run_id), *point(each)) in known:
            continue
        of = (there.model_id, each.dataset_name, each.dataset_digest)
        metric = Metric(each.key, value_of(each, found), each.timestamp, each.step, *of)
        client.log_batch(server.id_of(each.run_id), metrics=[metric])
    return differ


def value_of(metric, found):
    """Return a model's metric's value. MLflow 3.17 keeps NaN as such for the run alone, and as 0 for the model."""
    of_run = (each for each in found.metrics.get(metric.key, ()) if each.timestamp == metric.timestamp)
    lost = metric.value == 0 and any(math.isnan(each.value) and each.step == metric.step for each in of_run)
    return math.nan if lost else metric.value


def compare(found, server, tags):
    """Return in words what the server does not have as the database has it."""
    client, run_id = server.client, server.id_of(found.run_id)
    there = client.get_run(run_id)
    problems = [
        f"parameter {key}: found {there.data.params.get(key)!r}, expected {value!r}"
        for key, value in found.run.data.params.items()
        if there.data.params.get(key) != value
    ]
    problems += [f"tag {key}" for key, value in tags.items() if there.data.tags.get(key) != value]
    for key, points in found.metrics.items():
        expected, known = set(map(point, points)), set(map(point, client.get_metric_history(run_id, key)))
        if expected != known:
            problems.append(f"metric {key}: {len(known)} values, expected {len(expected)}")
    datasets = [set(map(name_of, run.inputs.dataset_inputs)) if run.inputs else set() for run in (found.run, there)]
    if datasets[0] != datasets[1]:
        problems.append("datasets")
    return problems


def name_of(dataset_input):
    return dataset_input.dataset.name, dataset_input.dataset.digest


def end(found, server, state):
    """Say how and when the run has ended, and remember what was brought. A running one goes on."""
    client, run_id, info = server.client, server.id_of(found.run_id), found.run.info
    if RunStatus.is_terminated(RunStatus.from_string(info.status)):
        client.set_terminated(run_id, info.status, info.end_time)
    else:
        client.update_run(run_id, status=info.status)
    client.set_tag(run_id, STATE, state)
