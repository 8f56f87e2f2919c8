"""The command mlflow-ui."""

import getpass
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from . import Refusal, databases
from .merge import merge
from .snapshots import snapshot

PORT = 5000  # on the person's own machine


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("databases_or_folders", nargs=-1, metavar="[DATABASE|FOLDER]...")
@click.option(
    "--port", type=click.IntRange(1024, 65535), help="Serve on 127.0.0.1, where others on this machine see it, too."
)
def main(databases_or_folders, port):
    """Show the runs of jobs in MLflow's user interface, as they are now.

    Each DATABASE is a file, or a URL like sqlite:////path/to.db; of a FOLDER all *.db below it are taken, and shown as one.
    Default: the folder that MLFLOW_JOBS_PATH names. The databases are read only.

    MLflow asks nobody for a login here, so it is served on a Unix socket that only you may open. ssh leads to it from your
    own machine; the line to type is printed.
    """
    try:
        places = databases.places(databases_or_folders)
        with tempfile.TemporaryDirectory(prefix="mlflow-ui-") as folder:  # which nobody else may enter
            show(databases.find(places), Path(folder), port)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


def show(sources, folder, port):
    (folder / "copies").mkdir()
    copies = [snapshot(source, folder / "copies") for source in sources]
    merge(copies)
    door = folder / "socket"
    where = ["--host", "127.0.0.1", "--port", str(port)] if port else ["--uvicorn-opts", f"--uds {door}"]
    store = ["--backend-store-uri", databases.url_of(copies[0]), "--default-artifact-root", str(folder)]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--no-serve-artifacts", *store, *where]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    to = f"127.0.0.1:{port}" if port else str(door)
    click.echo(
        f"The runs of {len(sources)} databases, as they are now. On your own machine, type\n\n"
        f"  ssh -L {PORT}:{to} {getpass.getuser()}@{socket.getfqdn()}\n\n"
        f"and open http://localhost:{PORT} there. Ctrl-C ends it."
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.wait()
        raise Refusal(f"MLflow has ended: {' '.join(log.read_text().splitlines()[-1:])}")
    except KeyboardInterrupt:
        click.echo()
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
