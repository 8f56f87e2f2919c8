"""Run a command and kill it with all its children, without a word of warning, when it prints a text.

Usage: interrupted.py TEXT SECONDS COMMAND... - kills the command SECONDS after TEXT. Fails if TEXT was never printed.
"""

import subprocess
import sys
import time

# Ansible's workers leave its process group. From a namespace of processes none escapes, whose first one is killed.
ALONE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

text, seconds, *command = sys.argv[1:]
with subprocess.Popen([*ALONE, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
    for line in run.stdout:
        print(line, end="", flush=True)
        if text in line:
            time.sleep(float(seconds))
            run.kill()
            sys.exit(0)
sys.exit(f"'{text}' was never printed")
