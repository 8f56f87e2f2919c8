"""A shorter way to Flask, which serves most of MLflow's API, and one to the files of artifacts.

MLflow leads each request through three middlewares of FastAPI that look at the path and then hand it on to Flask, where
login, rights and workspace are looked at anyway. Each is a task of its own and copies the answer; of a file, each piece of
64 kB takes three tasks. What guards against foreign hosts and pages stays in the way.
"""

import logging

import anyio.to_thread
from fastapi import FastAPI
from flask import Flask
from mlflow.server import auth
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.wsgi import build_environ
from starlette.types import ASGIApp, Receive, Scope, Send

from basic_auth_lean import artifacts

# They do nothing for a path that Flask serves: the first one lets it through, the second looks for /gateway/, and what
# the third does Flask does itself if nobody has.
NEEDLESS = {"fastapi_permission_middleware", "gateway_timing_middleware", "workspace_context_middleware"}

API = ("/api/", "/ajax-api/")
FILES = tuple(f"{api}2.0/mlflow-artifacts/artifacts/" for api in API)


class Whole:
    """Has Flask make a whole answer in one go; MLflow's own bridge goes between the threads for each part of it."""

    def __init__(self, flask_app: Flask) -> None:
        self.flask_app = flask_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        environ = build_environ(scope, b"".join(parts))
        status, headers, body = await anyio.to_thread.run_sync(self.answer, environ)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, environ: dict) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        begun = []
        parts = self.flask_app(environ, lambda status, headers, exc_info=None: begun.extend([status, headers]))
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = begun
        lower = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return int(status.partition(" ")[0]), lower, body


class Shortcut:
    """Hands requests for `routes` to `short`, those for files to `files`, and all others to `app`."""

    def __init__(self, app: ASGIApp, routes: set[tuple[str, str]], short: ASGIApp, files: ASGIApp) -> None:
        self.app = app
        self.routes = routes
        self.short = short
        self.files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.way(scope)(scope, receive, send)

    def way(self, scope: Scope) -> ASGIApp:
        if scope["type"] != "http":
            return self.app
        if (scope["method"], scope["path"]) in self.routes:
            return self.short
        return self.files if scope["method"] in ("GET", "PUT") and scope["path"].startswith(FILES) else self.app


def add(app: FastAPI, flask_app: Flask) -> None:
    """Put the shortcut before everything else that `app` does.

    Where MLflow has another middleware than those known here, there is none: it may be one that is needed.
    """
    guards = [middleware for middleware in app.user_middleware if middleware.cls is not BaseHTTPMiddleware]
    dispatches = [middleware.kwargs["dispatch"] for middleware in app.user_middleware if middleware not in guards]
    others = {dispatch.__name__: dispatch for dispatch in dispatches}
    if others.keys() != NEEDLESS:
        logging.getLogger(__name__).warning("No shortcut to Flask: MLflow has %s", sorted(others))
        return

    def guarded(short: ASGIApp) -> ASGIApp:
        for guard in reversed(guards):
            short = guard.cls(short, *guard.args, **guard.kwargs)
        return short

    ways = {"short": guarded(Whole(flask_app)), "files": guarded(artifacts.application(others))}
    app.add_middleware(Shortcut, routes=left_to_flask(app, flask_app), **ways)


def left_to_flask(app: FastAPI, flask_app: Flask) -> set[tuple[str, str]]:
    """Find the methods and paths of the API that are Flask's and nobody else's, without a parameter in the path.

    Without those for artifacts, too: a file is not to be in the memory whole.
    """
    native = auth._native_fastapi_routes(app)
    found = set()
    for rule in flask_app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            scope = {"type": "http", "method": method, "path": rule.rule, "root_path": "", "headers": []}
            if (
                rule.rule.startswith(API)
                and not rule.arguments
                and "artifact" not in rule.rule
                and auth._find_fastapi_validator(rule.rule, method) is None
                and not auth._scope_matches_native_route(native, scope)
            ):
                found.add((method, rule.rule))
    return found
