"""Filters over the URI of a database that a provider runs. None of their words holds the password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

EXAMPLE = "postgresql://mlflow:PASSWORD@database.example.ca:5432/mlflowdb"
PARTS = {"user": "user", "password": "password", "host": "host", "name": "name of the database"}
# MLflow writes both into URLs and files of its own, where others would mean something.
PLAIN = re.compile(r"[\w.-]*", re.ASCII)
# Whoever asks for less than the last one gets that.
SSL_MODES = ["require", "verify-ca", "verify-full"]


def database_uri(uri: str) -> dict[str, str | int]:
    """Return host, port, name, user and password that a URI of PostgreSQL names; nothing from none, or a wrong one."""
    return {} if not uri or any(_wrong(uri)) else _read(uri)


def _read(uri: str) -> dict[str, str | int]:
    parts = urlsplit(uri)
    return {
        "host": parts.hostname or "",
        "port": parts.port or 5432,
        "name": unquote(parts.path.removeprefix("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
    }


def database_uri_findings(uri: str) -> list[str]:
    """Return what is wrong with a URI of PostgreSQL, a line each."""
    return [f"lab_database_uri: {words} Write for instance {EXAMPLE}" for words in _wrong(uri)] if uri else []


def _wrong(uri: str) -> Iterator[str]:
    try:
        parts, named = urlsplit(uri), _read(uri)
    except ValueError:
        yield "the host or the port can't be read; in a password, write /, ?, # and @ as %2F, %3F, %23 and %40."
        return
    if parts.scheme not in ["postgresql", "postgres"]:
        yield f"found '{parts.scheme}' before the colon, and only PostgreSQL will do."
    if missing := [words for part, words in PARTS.items() if not named[part]]:
        yield f"names no {', no '.join(missing)}."
    elif odd := [PARTS[part] for part in ("user", "name") if not PLAIN.fullmatch(named[part])]:
        yield f"found other characters than letters, digits, _ . and - in the {' and the '.join(odd)}."
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if option == "sslrootcert":
            yield "found sslrootcert; write a path on this machine into lab_database_ca_certificate, and leave it out."
        elif option != "sslmode":
            yield f"found the option {option}, which is not known here; leave it out."
        elif value not in SSL_MODES:
            yield f"found sslmode={value}; leave it out, for the server always checks the certificate (verify-full)."


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict:
        """Return the filters by name."""
        return {"database_uri": database_uri, "database_uri_findings": database_uri_findings}
