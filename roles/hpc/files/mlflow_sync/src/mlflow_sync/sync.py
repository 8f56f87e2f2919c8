"""The command mlflow-sync."""

import logging
import os
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import click
from mlflow.exceptions import MlflowException

from . import Refusal, databases, registry
from .bring import BYTES_OF_A_POINT, Outcome, bring, kind_of
from .found import read_all
from .server import Server, reason

MB = 1_000_000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("databases_or_folders", nargs=-1, metavar="[DATABASE|FOLDER]...")
@click.option("--to", "uri", envvar="MLFLOW_TRACKING_URI", help="URL of the server. Default: MLFLOW_TRACKING_URI.")
@click.option("--dry-run", is_flag=True, help="Say what would be brought. Changes nothing.")
@click.option("--models", is_flag=True, help="Bring registered models, too.")
@click.option("--prefix", default="", metavar="TEXT", help="Put before the name of each experiment, e.g. 'bob/'.")
@click.option("--parallel", default=4, show_default=True, type=click.IntRange(1, 32), help="How many runs at once.")
def main(databases_or_folders, **options):
    """Bring runs from the SQLite databases of jobs to an MLflow server.

    Each DATABASE is a file, or a URL like sqlite:////path/to.db; of a FOLDER all *.db below it are taken. Default: the
    folder that MLFLOW_JOBS_PATH names.

    May be cut at any point, and run as often as you like: what is there stays, and what is missing is brought. The
    databases are read only.
    """
    try:
        sys.exit(sync(databases.places(databases_or_folders), **options))
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except KeyboardInterrupt:
        sys.exit("Cut. Run it again: it goes on from here.")


def sync(places, uri, dry_run, models, prefix, parallel):
    """Bring what the places have; return the exit status."""
    server = Server(uri, prefix)
    sources = databases.find(places)
    server.greet()
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        found = read_all(sources, folder)
        server.learn(sorted({each.experiment for each in found}))
        todo = {each: kind_of(each, server) for each in found}
        due = [each for each in found if todo[each] in ("new", "continued")]
        click.echo(f"{len(found)} runs in {len(sources)} databases, {len(due)} of them to be brought to {server.uri}")
        if dry_run:
            tell_due(due, todo)
            return 0
        outcomes = dict.fromkeys(found) | bring_all(due, todo, server, parallel)
        outcomes = {each: outcomes[each] or Outcome(todo[each]) for each in found}
        tell(outcomes)
        if models:
            click.echo(
                f"registered models: {registry.bring([e for e in found if e.run_id in server.runs], server)} versions"
            )
    return 1 if any(outcome.kind == "failed" for outcome in outcomes.values()) else 0


def quiet():
    """Keep MLflow's own lines, like those on where to view a run, and its progress bars out of the report."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"


def bring_all(due, todo, server, parallel):
    """Bring runs; return what became of each."""
    outcomes = {each: prepare(each, server) for each in due}
    ready = [each for each in due if outcomes[each] is None]
    length = sum(each.points() * BYTES_OF_A_POINT + each.size for each in ready)
    lock = threading.Lock()
    with (
        click.progressbar(length=max(length, 1), label="brought", width=40) as bar,
        ThreadPoolExecutor(parallel) as pool,
    ):

        def done(size):
            with lock:
                bar.update(size)

        try:
            came = pool.map(lambda each: outcome_of(each, todo[each], server, done), ready)
            return outcomes | dict(zip(ready, came, strict=True))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def prepare(found, server):
    """Have a run and its models on the server, to be filled; return nothing, or why that can't be."""
    try:
        server.have_experiment(found.experiment)
        server.have_run(found)
        for model in found.models:
            server.have_model(found, model)
    except MlflowException as problem:
        return Outcome("failed", problem=reason(problem))
    return None


def outcome_of(found, kind, server, done):
    try:
        problems = bring(found, server, done)
    except (MlflowException, OSError) as problem:  # the other runs go on
        problems = [reason(problem)]
    if problems:
        return Outcome("failed", problem="; ".join(problems))
    return Outcome(kind, found.points(), found.size)


def tell_due(due, todo):
    for each in due:
        click.echo(
            f"{todo[each]:10} {each.experiment}: {each.run.info.run_name} ({each.run_id}), {each.points()} metric values, "
            f"{len(each.files)} files, {each.size / MB:.1f} MB"
        )


def tell(outcomes):
    for each, outcome in outcomes.items():
        if outcome.problem:
            click.echo(
                f"failed: {each.experiment}: {each.run.info.run_name} ({each.run_id}): {outcome.problem}", err=True
            )
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    words = ", ".join(f"{number} {kind}" for kind, number in kinds.items()) or "nothing"
    points, size = sum(o.points for o in outcomes.values()), sum(o.size for o in outcomes.values())
    click.echo(f"{words}. {points} metric values and {size / MB:.1f} MB are there, and were compared.")
