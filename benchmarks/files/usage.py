"""Prints as JSON what each systemd unit named has used since it began: CPU time in s, and memory now in MiB (PSS)."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

CLOCK_TICKS = 100  # a second: the kernel's USER_HZ, the same everywhere


def processes(unit):
    group = subprocess.check_output(["systemctl", "show", "-P", "ControlGroup", unit], text=True).strip()
    # Where systemd keeps its groups: with cgroup v2, and with v1 beside it or alone.
    roots = [Path(f"/sys/fs/cgroup{root}{group}") for root in ("", "/unified", "/systemd")]
    return {pid for root in roots for path in root.rglob("cgroup.procs") for pid in path.read_text().split()}


def cpu_s(process):
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / CLOCK_TICKS  # its own, and its ended children's


def memory_mib(process):
    lines = (process / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


used = {}
for unit in sys.argv[1:]:
    used[unit] = {"cpu_s": 0, "memory_mib": 0}
    for pid in processes(unit):
        with contextlib.suppress(OSError):  # PostgreSQL's come and go
            used[unit]["cpu_s"] += cpu_s(Path("/proc", pid))
            used[unit]["memory_mib"] += memory_mib(Path("/proc", pid))
print(json.dumps(used))
