"""How long a deployment takes, beside the least that it could: the packages alone, installed by hand on the same host.

    .venv/bin/python benchmarks/deploy.py [REPORT.md]

Took four and a half minutes. Beside the report it draws how long people.yml takes for how many people.
"""

import base64
import json
import struct
import sys
from pathlib import Path

from lab import Lab, machine, run
from plot import plot

SUBNET = "172.30.35"
INVENTORY = {
    "containers": {
        "vars": {"containers_subnet": SUBNET},
        "hosts": {
            "server": {"ansible_host": f"{SUBNET}.12"},
            "store": {"ansible_host": f"{SUBNET}.20"},
            "floor": {"ansible_host": f"{SUBNET}.13", "container_image": "debian:12"},
        },
    }
}
PEOPLE = [1, 10, 30, 100]


def key(number):
    """An SSH key, another for each number, to which there is no private one."""
    blob = struct.pack(">I11sI", 11, b"ssh-ed25519", 32) + number.to_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def people(lab, number):
    """The demo's admin, and so many people more, as options of ansible-playbook."""
    file = lab.folder / f"people-{number}.json"
    more = [{"name": f"person{count}", "ssh": "tunnel", "ssh_keys": [key(count)]} for count in range(number)]
    alice = {
        "name": "alice",
        "ssh": "admin",
        "mlflow": "admin",
        "ssh_keys": [(lab.folder / "id_ed25519.pub").read_text().strip()],
    }
    file.write_text(json.dumps({"people": [alice, *more]}))
    return ["-e", f"@{file}"]


def floor(lab):
    """What a cold run cannot do without, typed by hand: the distribution's packages, and MLflow's."""
    wanted = lab.at("server", "apt-mark showmanual")[0].split()
    there = lab.at("floor", "apt-mark showmanual")[0].split()
    missing = " ".join(sorted(set(wanted) - set(there)))
    for name in ("requirements.txt", "uv.txt"):
        run("docker", "cp", f"roles/mlflow/files/{name}", f"{lab.name}-floor:/root/{name}")
    return lab.at(
        "floor",
        f"""
        export DEBIAN_FRONTEND=noninteractive PIP_CERT=/etc/ssl/certs/ca-certificates.crt UV_SYSTEM_CERTS=true
        cd /root
        apt-get update
        apt-get install --yes --no-install-recommends {missing}
        python3 -m venv uv
        uv/bin/pip install --quiet --require-hashes --requirement uv.txt
        uv/bin/uv venv --quiet mlflow
        uv/bin/uv pip sync --quiet --require-hashes --python mlflow requirements.txt
        mlflow/bin/python -m compileall -q -j 0 \\
          -x '/tests/|site-packages/(databricks|fontTools|matplotlib|narwhals|PIL|sklearn)/' mlflow/lib
        """,
    )[1]


def measure(lab):
    """Return the rows of the table, and for each number of people how long a run took that changed nothing."""
    rows, unchanged = [], {}

    def note(what, took, cpu=None, changed=None):
        cells = [f"{took:.1f}", *("" if value is None else f"{value:.0f}" for value in (cpu, changed))]
        rows.append(f"| {what} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
        return took

    note("`site.yml` on a new host", *lab.playbook("site.yml"))
    note("the packages alone, by hand", floor(lab))
    for _ in range(2):
        note("`site.yml` again", *lab.playbook("site.yml"))
    for number in PEOPLE:
        what = "1 more person" if number == 1 else f"{number} more people"
        note(f"`people.yml`, {what}", *lab.playbook("playbooks/people.yml", *people(lab, number)))
        again = lab.playbook("playbooks/people.yml", *people(lab, number))
        unchanged[number] = note("the same again", *again)
    return rows, unchanged


def main(report="deploy.md"):
    """Measure, and write the report and its picture."""
    with Lab("mlflow-lab-deploy", INVENTORY) as lab:
        rows, unchanged = measure(lab)
    title = [machine(), "", "| what | s | CPU of the controller, s | changed |", "| --- | --- | --- | --- |"]
    Path(report).write_text("\n".join(title + rows) + "\n")
    plot(Path(report).with_suffix(".svg"), {"people.yml": unchanged}, "people", "s, where nothing changes")


if __name__ == "__main__":
    main(*sys.argv[1:])
