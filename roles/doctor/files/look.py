"""Runs commands, all at once, and prints what each had to say.

Takes the seconds that one may take, and on standard input {room: {look: command}} in JSON, where a command is {run:
text for bash, input: text}. Prints the same, with {code, out, err} for each command.
"""

import concurrent.futures
import json
import subprocess
import sys

SECONDS = sys.argv[1]  # that one command may take


def run(command):
    # timeout(1) ends whatever the shell has begun, too, which would keep its output open.
    words = ["timeout", "--kill-after=2", SECONDS, "bash", "-o", "pipefail", "-c", command["run"]]
    pipes = {"input": command.get("input", ""), "capture_output": True, "text": True, "errors": "replace"}
    done = subprocess.run(words, check=False, cwd="/", **pipes)
    # timeout(1) tells that it was late, or kills itself with what does not end.
    late = f"no answer in {SECONDS} s" if done.returncode in (124, 137, -9) else ""
    return {"code": done.returncode, "out": done.stdout.strip(), "err": late or done.stderr.strip()}


looks = {(room, name): command for room, of_room in json.load(sys.stdin).items() for name, command in of_room.items()}
with concurrent.futures.ThreadPoolExecutor(len(looks) or 1) as pool:
    answers = dict(zip(looks, pool.map(run, looks.values()), strict=True))
found = {}
for (room, name), answer in answers.items():
    found.setdefault(room, {})[name] = answer
print(json.dumps(found))
