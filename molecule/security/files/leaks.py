"""Looks for what one of the people sees of, and can do to, what another has made.

    leaks.py make       alice logs one of each kind of thing, with a secret word in it; prints what is where
    leaks.py readable   bob asks every route for it: many must show the word, or asking proves nothing
    leaks.py hidden     bob asks every route for it, and none may show the word

In both cases, what alice has made must be the same afterwards. Standard input: see people.py, `routes`, what routes.py
printed, and `made`, what `make` printed. Prints the findings.
"""

import json
import os
import re
import secrets
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import requests
from people import PASSWORDS, URL, filled_in, person, told

# Names may be in a request, and so in an answer that says no. The word is only in what they name.
NAME = told["made"]["name"] if "made" in told else f"handle{secrets.token_hex(4)}"
# Where a reader must meet the word, or a URL of the store that is signed for her.
MUST_SHOW = {
    "GET /get-artifact",
    "GET /model-versions/get-artifact",
    "POST /graphql",
    "POST /ajax-api/2.0/mlflow/experiments/search-datasets",
    "GET /ajax-api/2.0/mlflow/logged-models/<model_id>/artifacts/files",
    "GET /ajax-api/2.0/mlflow/metrics/get-history-bulk",
    "GET /api/2.0/mlflow/experiments/get",
    "GET /api/2.0/mlflow/experiments/get-by-name",
    "GET /api/2.0/mlflow/logged-models/<model_id>",
    "POST /api/2.0/mlflow/logged-models/search",
    "GET /api/2.0/mlflow/metrics/get-history",
    "GET /api/2.0/mlflow/model-versions/get",
    "GET /api/2.0/mlflow/model-versions/search",
    "GET /api/2.0/mlflow/registered-models/get",
    "GET /api/2.0/mlflow/registered-models/search",
    "GET /api/2.0/mlflow/runs/get",
    "POST /api/2.0/mlflow/runs/search",
    "GET /api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}",
    "GET /api/2.0/mlflow-artifacts/presigned/<path:artifact_path>",
    "GET /api/3.0/mlflow/datasets/<dataset_id>",
    "GET /api/3.0/mlflow/datasets/<dataset_id>/records",
    "GET /api/3.0/mlflow/traces/<trace_id>",
    "POST /api/3.0/mlflow/traces/search",
    "GET /api/3.0/mlflow/traces/get",
}
SIGNED = re.compile(r"[?&](X-Amz-)?Signature=")


def make():
    """Log one of each kind of thing as alice, and return their names and the secret word."""
    os.environ |= {
        "MLFLOW_TRACKING_URI": URL,
        "MLFLOW_TRACKING_SERVER_CERT_PATH": told["ca"],
        "MLFLOW_TRACKING_USERNAME": "alice",
        "MLFLOW_TRACKING_PASSWORD": PASSWORDS["alice"],
        # A client that does not trust the store's authority can't upload there; mlflow_env.sh says this, too.
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
    }
    import mlflow
    from mlflow.entities import Dataset, DatasetInput
    from mlflow.genai.datasets import create_dataset

    word = f"polynya{secrets.token_hex(8)}"
    client = mlflow.MlflowClient()
    experiment = client.create_experiment(NAME, tags={"note": word})
    mlflow.set_experiment(NAME)
    with mlflow.start_run(description=word, tags={"note": word}) as run:
        mlflow.log_param("note", word)
        mlflow.log_metric(f"metric {word}", 1.0)
        mlflow.log_metric(NAME, 1.0)
        mlflow.log_text(word, f"{NAME}.txt")
        client.log_inputs(run.info.run_id, [DatasetInput(Dataset(word, "1", "code", "here"), [])])
    client.log_metric(run.info.run_id, NAME, 2.0)
    model = client.create_logged_model(experiment, name=NAME, tags={"note": word}, params={"note": word})
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/{NAME}.txt", "w") as file:
            file.write(word)
        client.log_model_artifacts(model.model_id, folder)
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model(NAME, tags={"note": word}, description=word)
    version = client.create_model_version(NAME, f"{run.info.artifact_uri}", run.info.run_id, description=word)
    client.set_registered_model_alias(NAME, NAME, version.version)
    mlflow.genai.register_prompt(f"{NAME}-prompt", word)
    with mlflow.start_span(NAME) as span:
        span.set_inputs({"note": word})
        mlflow.update_current_trace(tags={"note": word})
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(trace_id=span.trace_id, name=NAME, value=word)
    dataset = create_dataset(name=NAME, experiment_id=experiment, tags={"note": word})
    dataset.merge_records([{"inputs": {"note": word}}])
    return {
        "word": word,
        "name": NAME,
        "experiment_id": experiment,
        "run_id": run.info.run_id,
        "model_id": model.model_id,
        "trace_id": span.trace_id,
        "dataset_id": dataset.dataset_id,
        "artifact_path": f"{run.info.artifact_uri.removeprefix('mlflow-artifacts:/')}/{NAME}.txt",
    }


def questions(made, path):
    """Yield what to ask a route with: parameters that name alice's things, in the words of every kind of route."""
    experiment, run, trace = made["experiment_id"], made["run_id"], made["trace_id"]
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}
    common = {
        "experiment_id": experiment,
        "experiment_ids": [experiment],
        "experiment_name": NAME,
        "run_id": run,
        "run_uuid": run,
        "model_id": made["model_id"],
        "dataset_id": made["dataset_id"],
        "trace_id": trace,
        "trace_ids": [trace],
        "request_id": trace,
        "path": f"{NAME}.txt",
        "artifact_file_path": f"{NAME}.txt",
        "metric_key": NAME,
        "max_results": 100,
        "username": "alice",
        "key": "note",
        "value": "changed",
    }
    yield common | {"name": NAME, "version": "1", "alias": NAME, "run_ids": [run], "locations": [place]}
    yield common | {"name": f"{NAME}-prompt", "version": "1", "alias": "latest", "run_id": [run]}
    if re.search("search|traces|datasets", path):
        yield {"experiment_ids": [experiment], "max_results": 100}
    if "artifacts" in path:
        yield {"path": made["artifact_path"], "max_results": 100}
    if "trace" in path:
        yield {"path": "traces.json", "request_id": trace, "experiment_ids": [experiment], "locations": [place]}
    if "metrics" in path:
        yield {"run_ids": [run], "run_id": [run], "metric_key": f"metric {made['word']}", "max_results": 100}


def graphql_questions(made):
    """Yield a query for each thing that GraphQL shows."""
    run, experiment = json.dumps(made["run_id"]), json.dumps(made["experiment_id"])
    run_fields = "run { data { tags { key value } params { value } } modelVersions { name } }"
    yield f"{{ mlflowGetExperiment(input: {{experimentId: {experiment}}}) {{ experiment {{ tags {{ value }} }} }} }}"
    yield f"{{ mlflowGetRun(input: {{runId: {run}}}) {{ {run_fields} }} }}"
    yield f"{{ mlflowSearchRuns(input: {{experimentIds: [{experiment}]}}) {{ runs {{ data {{ tags {{ value }} }} }} }} }}"
    yield f"{{ mlflowListArtifacts(input: {{runId: {run}}}) {{ files {{ path }} }} }}"
    yield f"{{ mlflowSearchDatasets(input: {{experimentIds: [{experiment}]}}) {{ datasetSummaries {{ name }} }} }}"
    yield "{ mlflowSearchModelVersions(input: {maxResults: 9}) { modelVersions { description } } }"


def requests_for(made):
    """Yield a route, and what to ask it, for every route and some that are none."""
    values = made | {"request_id": made["trace_id"]}
    for method, path in told["routes"]:
        for question in questions(made, path):
            yield f"{method} {path}", (method, filled_in(path, values)), {"params": question, "json": question}
        if (method, path) == ("POST", "/graphql"):
            for query in graphql_questions(made):
                yield f"{method} {path}", (method, path), {"json": {"query": query}}


def answers(who, made):
    """Ask every route for alice's things; yield the route and the answer."""
    with ThreadPoolExecutor(4) as threads:
        asked = [(route, threads.submit(who.ask, *what, **more)) for route, what, more in requests_for(made)]
        for route, future in asked:
            yield route, future.result().text
    # Other ways to write the path of an artifact.
    for begin in ("0/../", "none/../", "%2e%2e/", "./", "0/%2e%2e/", "0/%252e%252e/", "/", "%2f"):
        for api in ("/api/2.0/mlflow-artifacts/artifacts/", "/ajax-api/2.0/mlflow-artifacts/presigned/"):
            yield f"GET {api}{begin}...", who.get_as_it_is(f"{api}{begin}{made['artifact_path']}")[1]


def own_model_of_anothers_file(bob, made):
    """Return what bob gets of alice's file by calling it the source of a model of his own."""
    name = f"bobs-{secrets.token_hex(4)}"
    bob.ask("POST", "/api/2.0/mlflow/registered-models/create", json={"name": name})
    folder = os.path.dirname(made["artifact_path"])
    for source in (f"s3://{told['bucket']}/{folder}", f"mlflow-artifacts:/{folder}", f"models:/{made['model_id']}"):
        question = {"name": name, "source": source}
        bob.ask("POST", "/api/2.0/mlflow/model-versions/create", json=question)
    for version in "123":
        question = {"name": name, "version": version, "path": f"{NAME}.txt"}
        yield "a model of his own", bob.ask("GET", "/model-versions/get-artifact", params=question).text


def bobs_answers(made, workspaces):
    """Let bob ask for alice's things in each workspace; yield the route and the answer."""
    for workspace in workspaces:
        bob = person("bob")
        bob.session.headers["X-MLFLOW-WORKSPACE"] = workspace
        yield from answers(bob, made)
        yield from own_model_of_anothers_file(bob, made)


def state_of(made):
    """Return all of alice's things, as she sees them."""
    alice = person("alice")
    api = "/api/2.0/mlflow"
    asked = [
        (f"{api}/experiments/get", {"experiment_id": made["experiment_id"]}),
        (f"{api}/runs/get", {"run_id": made["run_id"]}),
        (f"{api}/artifacts/list", {"run_id": made["run_id"]}),
        (f"{api}/registered-models/get", {"name": NAME}),
        (f"{api}/registered-models/get", {"name": f"{NAME}-prompt"}),
        (f"{api}/logged-models/{made['model_id']}", {}),
        (f"/api/2.0/mlflow-artifacts/artifacts/{made['artifact_path']}", {}),
        ("/api/2.0/mlflow-artifacts/artifacts", {"path": made["artifact_path"].split(f"/{made['run_id']}/")[0]}),
        (f"/api/3.0/mlflow/traces/{made['trace_id']}", {}),
        (f"/api/3.0/mlflow/datasets/{made['dataset_id']}", {}),
        (f"/api/3.0/mlflow/datasets/{made['dataset_id']}/records", {}),
    ]
    found = {}
    for path, values in asked:
        answer = alice.ask("GET", path, params=values)
        assert answer.status_code == 200, f"alice asks for {path}, and gets {answer.status_code} {answer.text}"
        is_json = answer.headers["Content-Type"].startswith("application/json")
        found[f"{path} {values}"] = answer.json() if is_json else answer.text
    return found


def findings(is_readable):
    made = told["made"]
    before = state_of(made)
    shown, signed = set(), {}
    for route, answer in bobs_answers(made, ["default"] if is_readable else ["default", "ocean"]):
        if made["word"] in answer:
            shown.add(route)
        if SIGNED.search(answer):
            signed[route] = answer
    if is_readable:
        yield from (f"{route} shows a reader nothing" for route in sorted(MUST_SHOW - shown - set(signed)))
        if "a model of his own" in shown:
            yield "bob made a model of alice's file"
        # The store obeys whoever holds a signed URL: it must be one to read that file, and nothing else.
        for route, answer in signed.items():
            if "/presigned/" not in route:
                yield f"{route} signed {answer}"
                continue
            url = json.loads(answer)["url"]
            got = requests.get(url, verify=told["store_ca"], timeout=60)
            put = requests.put(url, data="changed", verify=told["store_ca"], timeout=60)
            if (got.text, put.status_code) != (made["word"], 403):
                yield f"{route} signed {answer}: to read got {got.text!r}, to write {put.status_code}"
    else:
        yield from (f"{route} shows what is hidden" for route in sorted(shown | set(signed)))
    after = state_of(made)
    yield from (f"{what} was {before[what]} and is {after[what]}" for what in before if before[what] != after[what])
    print(f"{len(shown)} routes showed it, {len(signed)} signed a URL: {sorted(shown)}", file=sys.stderr)


if sys.argv[1] == "make":
    print(json.dumps(make()))
else:
    found = list(findings(sys.argv[1] == "readable"))
    print(*found, sep="\n")
    sys.exit(bool(found))
