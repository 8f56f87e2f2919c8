"""Walks every route of the running server as a stranger, with a made-up login, as a user and as an admin.

What each is due stands in a file, whose path is the only argument; a route that is not there is a finding, and so is
one there that the server does not have. Standard input: see people.py, and `routes`, what routes.py printed. Prints
the findings.
"""

import re
import sys
from pathlib import Path

import yaml
from people import NOBODY, PASSWORDS, STRANGER, Person, filled_in, person, told

CLOSED = "This path is closed."
LOG_IN = re.compile(r"Log in with your name and password\.$|You are not authenticated\.")
# One of each kind of route: of FastAPI, of Flask, a file of the UI, what MLflow answers everybody, and none.
SAMPLES = [
    "/api/2.0/mlflow-artifacts/artifacts/none",
    "/api/2.0/mlflow/experiments/search?max_results=1",
    "/static-files/manifest.json",
    "/api/3.0/mlflow/server-info",
    "/",
    "/metrics",
]
# What MLflow or the frameworks below it might serve some day, though no route says so.
GUESSES = ["/metrics", "/docs", "/redoc", "/openapi.json", "/console", "/healthy", "/favicon.ico", "/.env"]
GUESSES += ["/ajax-api/3.0/mlflow/assistant", "/static/../etc/passwd", "/static-files/..%2f..%2f..%2f__init__.py"]
# Other ways to write what is closed, or the admins'.
for path in ("/ajax-api/3.0/mlflow/assistant/config", "/api/2.0/mlflow/users/list", "/gateway/mlflow/v1/models"):
    GUESSES += [
        f"/{path}",
        f"/health/..{path}",
        f"/static/..{path}",
        f"/static/%2e%2e{path}",
        path.replace("/m", "//m"),
    ]
    GUESSES += [
        path.upper(),
        path.replace("m", "%6d"),
        f"{path}/",
        f"{path};a=b",
        f"{path}%2f",
        f"{path}?a=b",
        f"{path}%00",
    ]


def short(path):
    """Return a path as the table names it: the same for /api and /ajax-api, whatever the parameters' names."""
    return re.sub(r"[<{][^>}]*[>}]", "{}", re.sub(r"^/(ajax-)?api/\d\.\d/?", "", path))


def decisions():
    """Return what is due by method and short path."""
    found = {}
    for group in yaml.safe_load(Path(sys.argv[1]).read_text()):
        for line in group["routes"]:
            *methods, path = line.split()
            found |= {(method, path): group["due"] for method in methods}
    return found


def is_refused(answer, due):
    """Tell whether somebody without a right login was sent away, and was told nothing but that."""
    if due == "closed":
        return (answer.status_code, answer.text) == (403, CLOSED)
    return answer.status_code == 401 and bool(LOG_IN.match(answer.text)) and "WWW-Authenticate" in answer.headers


def role_to_ask_for(admin):
    """Make a role, for MLflow looks whether what it is asked for is there before it looks who asks."""
    api = "/api/3.0/mlflow/roles"
    admin.ask("POST", f"{api}/create", json={"workspace": "default", "name": "walk"})
    roles = admin.ask("GET", f"{api}/list", params={"workspace": "default"}).json()["roles"]
    return next(role["id"] for role in roles if role["name"] == "walk")


def findings():
    due_by_route = decisions()
    nobody, stranger = Person(NOBODY), Person(STRANGER)
    user, admin = person("bob"), person("alice")
    role = role_to_ask_for(admin)
    complete = {"workspace": "default", "role_id": role, "username": "alice", "permission": "MANAGE"}
    complete |= {"resource_type": "experiment", "resource_pattern": "*", "name": "walked", "is_admin": True}
    routes = {(method, path) for method, path in told["routes"]}
    for line in sorted(set(due_by_route) - {(method, short(path)) for method, path in routes}):
        yield f"{' '.join(line)} is in the table, and the server has it not"
    for method, path in sorted(routes):
        due = due_by_route.get((method, short(path)))
        if due is None:
            yield f"{method} {path} is new: nobody decided yet who may use it"
            continue
        url = filled_in(path)

        def ask(who, method=method, url=url, values=None):
            answer = who.ask(method, url, params=values, json=values or {})
            return answer.status_code if answer.text != CLOSED else "closed"

        if due == "everybody":
            yield from (f"{method} {path}: {ask(who)}" for who in (nobody, stranger, user) if ask(who) != 200)
            continue
        for name, who in (("nobody", nobody), ("a stranger", stranger)):
            for each in (method, "HEAD", "OPTIONS") if who is nobody else (method,):
                answer = who.ask(each, url, json={} if each == method else None)
                if answer.status_code not in (401, 403) or (each != "HEAD" and not is_refused(answer, due)):
                    yield f"{each} {path}: {name} got {answer.status_code} {answer.text[:80]!r}"
        of_user, of_admin = ask(user, values=complete if due == "admins" else None), ask(admin)
        if due == "closed":
            good = (of_user, of_admin) == ("closed", "closed")
        elif due == "admins":
            good = of_user == 403 and of_admin not in (401, 403, "closed")
        else:
            good = of_user not in (401, "closed") and of_admin not in (401, 403, "closed")
        if not good:
            yield f"{method} {path} is due to {due}: a user got {of_user}, an admin {of_admin}"
    for path in GUESSES:
        for name, who, good in (("nobody", nobody, (401, 403)), ("a user", user, (400, 403, 404))):
            if (answer := who.get_as_it_is(path))[0] not in good:
                yield f"GET {path}: {name} got {answer}"
    logins = [("bob", "wrong"), ("bob", ""), ("admin", "password1234"), ("admin", PASSWORDS["bob"])]
    for path in SAMPLES:
        for login in logins if path == SAMPLES[1] else logins[:1]:
            if not is_refused(Person(login).ask("GET", path), "users"):
                yield f"GET {path}: {login} was not refused"
        for header in ("Bearer abc", "Digest username=bob", "Basic", "Basic !", "Basic Ym9i", "Basic Og==", ""):
            answer = nobody.ask("GET", path, headers={"Authorization": header})
            if not is_refused(answer, "users"):
                yield f"GET {path}: Authorization {header!r} got {answer.status_code}"
    admin.ask("DELETE", "/api/3.0/mlflow/roles/delete", json={"role_id": role})
    print(f"{len(routes)} routes walked", file=sys.stderr)


found = list(findings())
print(*found, sep="\n")
sys.exit(bool(found))
