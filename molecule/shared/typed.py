"""Runs a command in a terminal, as a person would, and types what it asks for.

    typed.py COMMAND...

Standard input is a JSON list of what to type, a line for each prompt: what ends in a colon and a space. Prints what the
terminal showed, and ends with the command's own exit code.
"""

import json
import os
import pty
import sys

lines = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
shown = b""
while True:
    try:
        text = os.read(terminal, 4096)
    except OSError:  # Linux's way to say that the other end is closed
        break
    if not text:
        break
    shown += text
    if shown.endswith(b": ") and lines:
        os.write(terminal, f"{lines.pop(0)}\n".encode())
print(shown.decode().replace("\r\n", "\n"), end="")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
