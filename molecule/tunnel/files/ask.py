"""Asks the Unix socket named to greet the world, once or as often as said; prints what comes back until it is closed."""

import socket
import sys

path, times = [*sys.argv[1:], "1"][:2]
with socket.socket(socket.AF_UNIX) as way:
    way.settimeout(10)
    way.connect(path)
    try:
        way.sendall(f"world {times}\n".encode())
        print(way.makefile().read(), end="")
    except (BrokenPipeError, ConnectionResetError):  # the first, where it is closed before it is asked
        print("reset")
