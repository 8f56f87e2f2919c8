"""Reads an answer again, for what has to be left out of it, only where there is something to leave out."""

from collections.abc import Callable

from flask import Response
from mlflow.server import auth

# Whoever may see a run may still be denied logged models. These take their names out of what is said of runs.
HANDLERS = ("redact_get_run_model_links", "redact_metric_history_model_ids", "redact_search_runs_model_links")
# The fields that they look for, as MLflow writes them into its answers.
FIELDS = (b'"model_id"', b'"model_inputs"', b'"model_outputs"')


def models_of_runs() -> None:
    """Have runs and metrics looked through for models only if they name some, and these are denied to who asks.

    MLflow parses the whole answer first, which of a long history is a fourth of all the work.
    """
    handlers = {getattr(auth, name) for name in HANDLERS}
    for request, handler in auth.AFTER_REQUEST_HANDLERS.items():
        if handler in handlers:
            auth.AFTER_REQUEST_HANDLERS[request] = where_denied(handler)


def where_denied(handler: Callable[[Response], None]) -> Callable[[Response], None]:
    def withhold(answer: Response) -> None:
        if any(field in answer.data for field in FIELDS) and auth._denied_sibling_tiers(
            auth.authenticate_request().username, (auth.RESOURCE_TYPE_LOGGED_MODEL,)
        ):
            handler(answer)

    return withhold
