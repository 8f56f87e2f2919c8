"""Lists every route of the application that `mlflow server --app-name basic-auth-lean` serves.

Run as the server is: as its user, in its environment. Prints JSON: [[method, path], ...]; what stands in braces or
angle brackets in a path is a parameter. Serves nothing.
"""

import json
import os

# What `mlflow server` tells its workers: they serve FastAPI, and somebody else has made the administrator.
os.environ |= {"_MLFLOW_SGI_NAME": "uvicorn", "_MLFLOW_AUTH_ADMIN_BOOTSTRAPPED": "true"}

from basic_auth_lean.app import create_app, flask_app
from fastapi.routing import iter_route_contexts

routes = set()
for route in iter_route_contexts(create_app().routes):
    if route.methods is None:
        # Flask's application, below all others. Anything else that is mounted would have to be looked into as well.
        assert route.path == "", route
        for rule in flask_app.url_map.iter_rules():
            routes |= {(method, rule.rule) for method in rule.methods - {"HEAD", "OPTIONS"}}
    else:
        routes |= {(method, route.path) for method in route.methods}
print(json.dumps(sorted(routes)))
