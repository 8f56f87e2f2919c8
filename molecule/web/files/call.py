"""Calls the server, each time over a new connection as a new program would, until it has shown enough certificates.

Arguments: address, name, root certificate, how many. Prints as JSON the certificates' serial numbers, in their order,
the number of requests, and what went wrong with those that failed.
"""

import json
import socket
import ssl
import sys
import time

ADDRESS, NAME, ROOT, WANTED = sys.argv[1:]
REQUEST = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Basic YTpi\r\nConnection: close\r\n\r\n".encode()
LONGEST_S = 180
AFTERWARDS_S = 2  # the last certificate has to work, too

context = ssl.create_default_context(cafile=ROOT)
serials, failures, requests, serial = [], [], 0, None
end = time.monotonic() + LONGEST_S
while time.monotonic() < end:
    requests += 1
    try:
        with (
            socket.create_connection((ADDRESS, 443), timeout=10) as bare,
            context.wrap_socket(bare, server_hostname=NAME) as connection,
        ):
            serial = connection.getpeercert()["serialNumber"]
            connection.sendall(REQUEST)
            with connection.makefile("rb") as answer:
                status = answer.readline().decode().strip()
                answer.read()
        if status != "HTTP/1.1 200 OK":
            failures.append(status)
    except OSError as error:
        failures.append(repr(error))
    if serial and serial not in serials:
        serials.append(serial)
        if len(serials) == int(WANTED):
            end = time.monotonic() + AFTERWARDS_S
print(json.dumps({"serials": serials, "requests": requests, "failures": failures}))
