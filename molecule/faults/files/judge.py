"""Waits until all that client.py does goes well again, and tells what it saw meanwhile, as JSON.

Usage: judge.py JOURNAL BEGAN SECONDS: when the fault began, in seconds since 1970, and how long to wait at most.
"""

import json
import sys
import time
from pathlib import Path

journal, began, patience_s = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
SLOW_S = 3
# Longer than it waits between two of a kind: who has said nothing for so long, is waiting for an answer.
QUIET_S = 10


def disturbed(entry):
    return "problem" in entry or entry["seconds"] > SLOW_S


def is_well(entry):
    return not disturbed(entry) and entry["began"] > max(began, time.time() - QUIET_S)


end = time.time() + patience_s
while True:
    entries = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    entries = [entry for entry in entries if entry["began"] + entry["seconds"] > began]
    last = {entry["kind"]: entry for entry in entries}
    if len(last) == 3 and all(is_well(entry) for entry in last.values()):
        break
    if time.time() > end:
        sys.exit(f"It does not go well again: {json.dumps(last)}")
    time.sleep(0.5)
problems = [entry["problem"] for entry in entries if "problem" in entry]
print(
    json.dumps(
        {
            "failed": len(problems),
            "of": len(entries),
            "first": next(iter(problems), ""),
            "longest_s": round(max(entry["seconds"] for entry in entries), 1),
            "well_after_s": round(
                max((entry["began"] + entry["seconds"] - began for entry in entries if disturbed(entry)), default=0), 1
            ),
        }
    )
)
