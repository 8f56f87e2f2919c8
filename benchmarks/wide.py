"""How many values a second one, two and three tracking servers take, each with the same small share of a core.

    .venv/bin/python benchmarks/wide.py [REPORT.md]

Database, web server and clients have what is left of this machine. Takes six minutes.
"""

import json
import sys
from pathlib import Path

from lab import BIN, Lab, machine, run

SHARE = 0.2  # of a core, for each tracking server
CLIENTS, SECONDS = 8, 20
TRACKING = ["one", "two", "three"]
INVENTORY = {
    "containers": {
        "vars": {"containers_subnet": "172.30.34"},
        "hosts": {
            name: {"ansible_host": f"{{{{ containers_subnet }}}}.{13 + number}", "container_image": "debian:12"}
            for number, name in enumerate(TRACKING)
        },
    },
    "tracking": {"hosts": {name: {} for name in TRACKING}},
}
UNITS = "mlflow-wait.socket mlflow-wait.service mlflow.service"


def load(lab):
    """Log values as bob does; return how many went well in a second, how long the middle one took in ms, and failures."""
    home = lab.folder / "bob"
    home.mkdir(exist_ok=True)
    (home / "mlflow_env.sh").write_text(lab.at("server", "cat ~bob/mlflow_env.sh")[0])
    program = [BIN / "python", Path(__file__).with_name("load.py"), "log_metric", CLIENTS, SECONDS]
    environment = ["env", "--ignore-environment", f"HOME={home}", "PATH=/usr/bin:/bin", "PYTHONWARNINGS=ignore"]
    done, _, _ = run(*environment, "bash", "-euc", 'source ~/mlflow_env.sh && exec "$@"', "load", *program)
    return json.loads(done)


def measure(lab):
    """Return a row for each number of tracking servers."""
    rows, first = [], None
    lab.playbook("site.yml")
    lab.at("server", f"systemctl stop {UNITS}")  # it has the database and the web server alone now
    for name in TRACKING:
        lab.at(name, f"systemctl stop {UNITS}")
    for number, name in enumerate(TRACKING, 1):
        lab.at(name, "systemctl start mlflow-wait.socket mlflow.service")
        lab.at(
            name,
            "curl --silent --fail --retry 300 --retry-delay 1 --retry-all-errors --unix-socket"
            " /run/mlflow/mlflow.sock http://localhost/health; sleep 10",
        )
        load(lab)  # each process has its first requests behind it, which with a small share would take minutes
        run("docker", "update", f"--cpus={SHARE}", f"{lab.name}-{name}")
        found = load(lab)
        first = first or found["per_second"]
        rows.append(
            f"| {number} | {found['per_second']:.1f} | {found['per_second'] / first:.2f} | {found['p50_ms']:.0f}"
            f" | {found['p95_ms']:.0f} | {found['failed']} |"
        )
        print(rows[-1], flush=True)
    return rows


def main(report="wide.md"):
    """Measure, and write the table."""
    with Lab("mlflow-lab-wide-bench", INVENTORY) as lab:
        rows = measure(lab)
    title = [
        f"{machine()} {CLIENTS} clients; tracking servers with {SHARE} of a core each.",
        "",
        "| tracking servers | values a second | times one | p50, ms | p95, ms | failed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    Path(report).write_text("\n".join(title + rows) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
