"""Runs a command in a terminal, as a person would, and types what it asks for.

    typed.py COMMAND...

Standard input is a JSON list of what to type, a line for each prompt: a colon and a space at the end, and no echo, for a
password is asked for. (Messages of other programs may come in parts that end so, too.) Prints what the terminal showed, and
ends with the command's own exit code.
"""

import json
import os
import pty
import sys
import termios

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
    echo = termios.tcgetattr(terminal)[3] & termios.ECHO
    if shown.endswith(b": ") and not echo and lines:
        os.write(terminal, f"{lines.pop(0)}\n".encode())
print(shown.decode().replace("\r\n", "\n"), end="")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
