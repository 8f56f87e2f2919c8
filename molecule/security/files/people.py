"""The lab's server, as each of its people meets it.

Standard input is a JSON object: where the server is (`url`, `ca`) and who logs in with which password (`passwords`);
nothing of it is on a command line.
"""

import base64
import http.client
import json
import re
import ssl
import sys

import requests

told = json.load(sys.stdin)
URL, PASSWORDS = told["url"], told["passwords"]
NOBODY = None
STRANGER = ("mallory", "a made-up password")


class Person:
    """Somebody who asks the server: with a login, or without."""

    def __init__(self, login):
        self.session = requests.Session()
        self.session.verify = told["ca"]
        self.session.trust_env = False
        self.session.auth = login

    def ask(self, method, path, **more):
        # Where MLflow refuses a request before it has read its body, Caddy may find the connection closed: 502.
        for _ in range(3):
            answer = self.session.request(method, URL + path, allow_redirects=False, timeout=60, **more)
            if answer.status_code != 502:
                break
        return answer

    def get_as_it_is(self, path):
        """Ask with a path that `requests` would tidy up; return status and content."""
        headers = {}
        if self.session.auth:
            login = base64.b64encode(":".join(self.session.auth).encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        trust = ssl.create_default_context(cafile=told["ca"])
        connection = http.client.HTTPSConnection(URL.removeprefix("https://"), context=trust, timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


def person(name):
    return Person((name, PASSWORDS[name]))


def filled_in(path, values=()):
    """Return a route's path with something in the place of each parameter: `values` by name, or what does not exist."""
    values = dict(values)
    return re.sub(r"[<{](?:path:)?(\w+)(?::path)?[>}]", lambda found: str(values.get(found[1], "none")), path)
