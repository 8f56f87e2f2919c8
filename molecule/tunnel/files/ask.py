"""Asks the Unix socket named to greet the world, once or as often as said; prints what comes back until it is closed.

With PUT as a third argument it brings so many bytes.
"""

import socket
import sys


def ask(path, times="1", who="world"):
    with socket.socket(socket.AF_UNIX) as way:
        way.settimeout(30 if who == "PUT" else 10)
        way.connect(path)
        try:
            way.sendall(f"{who} {times}\n".encode() + bytes(int(times) if who == "PUT" else 0))
            print(way.makefile().read(), end="")
        except (BrokenPipeError, ConnectionResetError):  # the first, where it is closed before it is asked
            print("reset")


ask(*sys.argv[1:])
