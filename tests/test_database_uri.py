"""Unit tests of roles/lab/filter_plugins/database_uri.py: what a provider's URI says, and what is wrong with one."""

import pytest
from conftest import plugin

module = plugin("lab/filter_plugins/database_uri.py")

GOOD = "postgresql://mlflow:secret-word@db.example.ca:6432/mlflowdb"


def test_uri_is_taken_apart():
    assert module.database_uri(GOOD) == {
        "host": "db.example.ca",
        "port": 6432,
        "name": "mlflowdb",
        "user": "mlflow",
        "password": "secret-word",
    }


@pytest.mark.parametrize(
    ("uri", "part", "value"),
    [
        ("postgres://me:a%2F%40%25b@[2001:db8::1]/mine?sslmode=require", "host", "2001:db8::1"),
        ("postgres://me:a%2F%40%25b@[2001:db8::1]/mine?sslmode=require", "password", "a/@%b"),
        ("postgres://me:a:b@host/mine", "password", "a:b"),
        ("postgres://me:a:b@host/mine", "port", 5432),
    ],
)
def test_uri_is_read_as_postgresql_reads_it(uri, part, value):
    assert module.database_uri_findings(uri) == []
    assert module.database_uri(uri)[part] == value


def test_no_uri_is_nothing():
    assert module.database_uri("") == {}
    assert module.database_uri_findings("") == []


@pytest.mark.parametrize(
    ("uri", "findings"),
    [
        (GOOD.replace("postgresql", "mysql"), ["found 'mysql' before the colon"]),
        ("mlflow:secret-word@db.example.ca/mlflowdb", ["found 'mlflow' before", "no user, no password, no host"]),
        (GOOD.replace("mlflowdb", ""), ["names no name of the database"]),
        (GOOD.replace(":secret-word", ""), ["names no password."]),
        (GOOD.replace("6432", "port"), ["the port can't be read"]),
        (GOOD.replace("6432", "99999"), ["the port can't be read"]),
        (GOOD.replace("secret-word", "secret/word"), ["the port can't be read; in a password, write /"]),
        (GOOD.replace("mlflow:", "mlflow%40server:"), ["_ . and - in the user."]),
        (GOOD + "?sslmode=disable", ["found sslmode=disable"]),
        (GOOD + "?sslmode=verify-full&sslrootcert=ca.pem", ["into lab_database_ca_certificate"]),
        (GOOD + "?target_session_attrs=any", ["found the option target_session_attrs"]),
        (GOOD.replace("postgresql", "http") + "?sslmode=allow", ["found 'http'", "found sslmode=allow"]),
    ],
)
def test_what_is_wrong_is_said_without_the_password(uri, findings):
    found = module.database_uri_findings(uri)
    assert len(found) == len(findings)
    for words, expected in zip(found, findings, strict=True):
        assert expected in words
        assert words.startswith("lab_database_uri: ")
        assert "secret" not in words
    assert module.database_uri(uri) == {}
