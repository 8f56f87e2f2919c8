"""What the databases have, and how it is told from what was there before."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from . import databases, shelf
from .snapshots import snapshot


def pages(search, **arguments):
    """Pass on what MLflow gives in pages."""
    token = None
    while True:
        page = search(page_token=token, **arguments)
        yield from page
        token = page.token
        if not token:
            return


def point(metric):
    """Return what makes a metric's value one, and the same on both sides. NaN is equal to itself."""
    return metric.timestamp, metric.step, repr(metric.value)


@dataclass(eq=False)
class Found:
    """A run in a job's database."""

    client: MlflowClient
    experiment: str
    run: Run
    models: list[LoggedModel] = field(default_factory=list)

    @property
    def run_id(self):
        return self.run.info.run_id

    @property
    def parent(self):
        return self.run.data.tags.get(MLFLOW_PARENT_RUN_ID)

    @cached_property
    def metrics(self):
        return {key: self.client.get_metric_history(self.run_id, key) for key in sorted(self.run.data.metrics)}

    @cached_property
    def files(self):
        return self.shelf.files()

    @property
    def shelf(self):
        return shelf.of_run(self.client, self.run_id)

    def shelf_of(self, model):
        return shelf.of_model(self.client, model)

    def points(self):
        return sum(map(len, self.metrics.values()))

    @cached_property
    def size(self):
        of_models = (sum(self.shelf_of(model).files().values()) for model in self.models)
        return sum(self.files.values()) + sum(of_models)

    def state(self, tags):
        """Return a digest of all there is to bring; `tags` are those that the server is to have."""
        info, data, inputs = self.run.info, self.run.data, self.run.inputs
        what = [
            [info.status, info.end_time, info.run_name, data.params, tags],
            {key: sorted(map(point, points)) for key, points in self.metrics.items()},
            self.files,
            [[model.model_id, model.status, len(model.metrics or []), model.tags] for model in self.models],
            [each.to_dictionary() for each in inputs.dataset_inputs] if inputs else [],
        ]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


def read(path):
    """Return the runs of a copy of a database; none of those that were deleted."""
    client = MlflowClient(databases.url_of(path), databases.url_of(path))
    found = []
    for experiment in pages(client.search_experiments, view_type=ViewType.ACTIVE_ONLY):
        models = defaultdict(list)
        for model in pages(client.search_logged_models, experiment_ids=[experiment.experiment_id]):
            models[model.source_run_id].append(model)
        for run in pages(client.search_runs, experiment_ids=[experiment.experiment_id]):
            found.append(Found(client, experiment.name, run, models[run.info.run_id]))
    return found


def read_all(sources, folder):
    """Return the runs of all databases, parents before their children. What several have, the last has right."""
    found = {}
    for source in sources:
        found.update({each.run_id: each for each in read(snapshot(source, folder))})

    def depth(each):
        return 1 + depth(found[each.parent]) if each.parent in found else 0

    return sorted(found.values(), key=lambda each: (depth(each), each.run.info.start_time))
