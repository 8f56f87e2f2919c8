"""Asks the server without a pause as some of its people, and tells when each was last let in, by kind of route.

    revoked.py STOP NAME...

Ends when a file STOP is there. Standard input: see people.py. Prints, by name, the seconds since 1970.
"""

import json
import sys
import time
from pathlib import Path

from people import person

# One route of Flask, and one of FastAPI: they look up a login in ways of their own.
ROUTES = ["/api/2.0/mlflow/users/current", "/api/2.0/mlflow-artifacts/artifacts/none"]

stop, *names = sys.argv[1:]
people = {name: person(name) for name in names}
last = {name: dict.fromkeys(ROUTES, 0.0) for name in names}
asked = 0
while not Path(stop).exists():
    for name, who in people.items():
        for route in ROUTES:
            began = time.time()
            status = who.ask("GET", route).status_code
            asked += 1
            if status not in (401, 403) and not (route == ROUTES[0] and status != 200):
                last[name][route] = began
print(json.dumps({"last": last, "asked": asked}))
