"""Reads what Molecule and Ansible wrote: of a scenario that failed, what there is to know."""

import re

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BEGIN = re.compile(r"(TASK|RUNNING HANDLER|PLAY RECAP) ")
FAILURE = re.compile(r"(fatal|failed): \[(?P<host>[^\] ]+)")
# A line of PLAY RECAP. What was rescued or ignored is not among the failed.
LOST = re.compile(r"(?P<host>\S+) +: ok=.*(unreachable|failed)=[1-9]")
# What Ansible says of a host that is not there at all; one that refuses, or does not answer in time, is another matter.
GONE = re.compile(r"ssh: connect to host \S+ port \d+: No route to host")
GAVE_UP = re.compile(r"(ERROR|CRITICAL) +\S+ ➜ ")
PART_LINES = 60


def failing_part(lines):
    """The task that each lost host failed at, and the end; whatever destroy wrote after that is of no interest.

    The other hosts go on without it, and may fail as expected, so that task may stand far from the end.
    """
    end = next((number for number, line in enumerate(lines) if GAVE_UP.match(line)), len(lines) - 1)
    lines = lines[: end + 1]
    lost = {match["host"] for line in lines if (match := LOST.match(line))}
    blocks, failed_at = [[]], {}
    for line in lines:
        if BEGIN.match(line):
            blocks.append([])
        blocks[-1].append(line)
        failure = FAILURE.match(line)
        if failure and failure["host"] in lost:
            failed_at[failure["host"]] = len(blocks) - 1
    parts = [blocks[number][:PART_LINES] for number in sorted(set(failed_at.values()))]
    return "".join(line for part in [*parts, lines[-PART_LINES:]] for line in part)
