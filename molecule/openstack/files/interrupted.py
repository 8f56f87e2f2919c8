"""Run a command and kill it with all its children, without a word of warning, when it prints a text.

Usage: interrupted.py TEXT SECONDS COMMAND... - kills the command SECONDS after TEXT. Fails if TEXT was never printed.
"""

import os
import signal
import subprocess
import sys
import time

text, seconds, *command = sys.argv[1:]
with subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
) as run:
    for line in run.stdout:
        print(line, end="", flush=True)
        if text in line:
            time.sleep(float(seconds))
            os.killpg(run.pid, signal.SIGKILL)
            sys.exit(0)
sys.exit(f"'{text}' was never printed")
