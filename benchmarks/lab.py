"""A lab of a benchmark's own: the demo's inventory and what is added to it, in containers that are removed again."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"


def machine() -> str:
    """Say in a line what this machine is, on which all of it runs."""
    about = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", about)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores for all of it, {memory:.0f} GiB, {model[1] if model else 'unknown processor'}."


def run(*command: object, **options: object) -> tuple[str, float, float]:
    """Run a command; return what it printed, its time in s, and the CPU time in s that it took on this machine."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = list(map(str, command))
    done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False, **options)
    took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout, took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Lab:
    """To be used in `with`: the containers are there in between."""

    def __init__(self, name: str, inventory: dict) -> None:
        """Name the containers, and say what is in the inventory beside the demo's."""
        self.name, self.folder = name, ROOT / ".cache" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        # Written out, as in a lab's own inventory; the demo's are put together anew for each task.
        inventory.setdefault("containers", {}).setdefault("vars", {}).update(
            containers_name=name,
            containers_dir=str(self.folder),
            ansible_ssh_private_key_file=f"{self.folder}/id_ed25519",
            ansible_ssh_common_args=f"-o UserKnownHostsFile={self.folder}/known_hosts -o IdentitiesOnly=yes",
        )
        (self.folder / "hosts.yml").write_text(json.dumps(inventory))

    def __enter__(self) -> Self:
        self.playbook("molecule/shared/create.yml")
        return self

    def __exit__(self, *_: object) -> None:
        self.playbook("molecule/shared/destroy.yml")

    def playbook(self, path: str, *options: str) -> tuple[float, float, int]:
        """Run a playbook; return its time in s, its CPU time here in s, and how many tasks changed something."""
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        inventories = ["-i", "inventory/demo", "-i", self.folder / "hosts.yml"]
        printed, took, cpu = run(BIN / "ansible-playbook", *inventories, path, *options, env=environment)
        return took, cpu, sum(map(int, re.findall(r"changed=(\d+)", printed)))

    def at(self, host: str, command: str) -> tuple[str, float, float]:
        """Run a shell's command as root on a host; return as `run` does."""
        return run("docker", "exec", f"{self.name}-{host}", "bash", "-euo", "pipefail", "-c", command)
