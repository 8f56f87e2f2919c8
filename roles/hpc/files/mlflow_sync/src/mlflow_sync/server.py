"""The lab's server, and what it has already of what is to come."""

from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_USER

from . import Refusal
from .found import pages

SOURCE = "mlflow_sync.source_run_id"
SOURCE_MODEL = "mlflow_sync.source_model_id"
STATE = "mlflow_sync.state"


class Server:
    def __init__(self, uri, prefix=""):
        if urlsplit(uri or "").scheme not in ("https", "http"):
            raise Refusal(
                f"MLFLOW_TRACKING_URI: found '{uri or ''}', which is no server. Source the mlflow_env.sh of the lab's "
                "server first, or write --to https://..."
            )
        self.uri, self.prefix = uri, prefix
        self.client = MlflowClient(uri, uri)
        self.experiments = {}  # ids by name
        self.runs = {}  # by the id of the run that they come from
        self.models = {}  # likewise

    def greet(self):
        """See that the server answers, and to this person."""
        try:
            self.client.search_experiments(max_results=1)
        except MlflowException as problem:
            raise Refusal(f"{self.uri} can't be used: {reason(problem)}") from problem

    def learn(self, names):
        """Remember what is there of experiments."""
        for name in names:
            experiment = self.client.get_experiment_by_name(self.prefix + name)
            if experiment and experiment.lifecycle_stage == LifecycleStage.DELETED:
                raise Refusal(
                    f"experiment {self.prefix + name} was deleted on the server. Restore it there, or bring the runs to "
                    "others by --prefix"
                )
            if experiment:
                self.remember(name, experiment.experiment_id)

    def remember(self, name, experiment_id):
        self.experiments[name] = experiment_id
        search = {"experiment_ids": [experiment_id], "filter_string": f"tags.`{SOURCE}` LIKE '%'"}
        for run in pages(self.client.search_runs, run_view_type=ViewType.ALL, **search):
            self.runs[run.data.tags[SOURCE]] = run
        for model in pages(self.client.search_logged_models, experiment_ids=[experiment_id]):
            if SOURCE_MODEL in model.tags:
                self.models[model.tags[SOURCE_MODEL]] = model

    def have_experiment(self, name):
        if name not in self.experiments:
            self.experiments[name] = self.client.create_experiment(self.prefix + name)

    def have_run(self, found):
        """Have a run to fill. What it comes from is told with its making, so that no cut can lead to a second one."""
        if found.run_id not in self.runs:
            tags = {SOURCE: found.run_id, MLFLOW_USER: found.run.data.tags.get(MLFLOW_USER, found.run.info.user_id)}
            info = found.run.info
            self.runs[found.run_id] = self.client.create_run(
                self.experiments[found.experiment], info.start_time, tags, info.run_name
            )

    def have_model(self, found, model):
        if model.model_id not in self.models:
            self.models[model.model_id] = self.client.create_logged_model(
                self.experiments[found.experiment],
                model.name,
                self.id_of(found.run_id),
                model.tags | {SOURCE_MODEL: model.model_id},
                model.params,
                model.model_type,
            )

    def id_of(self, run_id):
        """Return the id here of a run that came or comes from elsewhere."""
        return self.runs[run_id].info.run_id


def reason(problem):
    """Return the first line of what went wrong."""
    return (str(problem).splitlines() or [type(problem).__name__])[0]
