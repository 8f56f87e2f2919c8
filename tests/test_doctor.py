"""Unit tests of roles/doctor/filter_plugins/doctor.py: what is made of a host's answers."""

import datetime
import json

import pytest
from conftest import plugin

module = plugin("doctor/filter_plugins/doctor.py")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKLVvFKiOq02yv+OFGjPm1AW+2+3i58TDdmiZDamaLBl alice@laptop"
PRINT = "SHA256:bzPv95xgGbwCboXwh9NCaVBZGeQQMTdCFh/1UOkpOG4"  # as ssh-keygen -l says
WANTED = {
    "rooms": ["host", "database", "backup", "tracking", "web"],
    "mlflow_version": "3.17.2",
    "people": [
        {"name": "alice", "ssh": "admin", "mlflow": "admin", "ssh_keys": [KEY]},
        {"name": "bob", "ssh": "none"},
        {"name": "carol", "state": "absent", "ssh_keys": [KEY]},
        {"name": "dora", "ssh": "none", "mlflow": "none"},
    ],
    "login_user": "debian",
    "login_user_keys": [],
    "accounts": [{"name": "alice", "role": "admin"}, {"name": "bob"}, {"name": "carol", "state": "absent"}],
    "disk": [80, 90],
    "memory": [10, 5],
    "connections": [80, 95],
    "slow_seconds": 30,
    "orphans_mb": 1024,
}


def units(*names, **other):
    state = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"} | other
    return "\n\n".join("\n".join([f"Id={name}", *(f"{key}={value}" for key, value in state.items())]) for name in names)


NUMBERS = {"version": "15.14 (Debian 15.14-0+deb12u1)", "max": 197, "used": 9, "slow": None, "logged_from": "-1"}
SERVER = {
    "endpoint": "https://store",
    "bucket": "lab",
    "problems": [],
    "seconds": 0.4,
    "max_connections": 200,
    "pool": 30,
}
ORPHANS = {"time": "2999-01-01T00:00:00+00:00", "objects": 99, "orphans": 7, "bytes": 1}
NOW = int(datetime.datetime.now(datetime.UTC).timestamp())
BACKUP = {"error": False, "timestamp": {"stop": NOW}}
DRILL = {"begun": "2999-01-01T00:00:00+00:00", "equal": True, "error": "", "rows": 191, "tables": 77}
HEALTHY = {
    "host": {
        "release": "12.12",
        "services": units("ssh.service", "people-expiry.timer"),
        "failed": "",
        "disk": "Mounted Size Use% IUse%\n/ 42949672960 29% 5%\n/ 42949672960 29% 5%\n/var/cache/mlflow 1048576 0% -",
        "memory": "MemTotal:  4096 kB\nMemAvailable:  2048 kB\nSwapTotal:  0 kB\nSwapFree:  0 kB",
        "pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0",
        "clock": "yes",
        "updates": "Inst vim [1] (2 Debian:12.12/stable [amd64])",
        "lists": "0",
        "reboot": "",
        "accounts": "root:x:0:0\nmlflow:x:999:999\ndebian:x:1000:1000\nalice:x:1001:1001\nbob:x:1002:1002\n"
        "carol:x:1003:1003\nnobody:x:65534:65534",
        "expiry": "root:\nmlflow:\ndebian:\nalice:\nbob:99999\ncarol:1\nnobody:",
        "keys": f"debian 256 SHA256:any debian (ED25519)\nalice 256 {PRINT} alice@laptop (ED25519)",
        "sudo": "alice\ndebian",
        "login": "debian",
    },
    "database": {
        "services": units("postgresql@15-main.service"),
        "installed": "15.14-0+deb12u1",
        "numbers": json.dumps(NUMBERS | {"bytes": 2**24}),
        "accounts": '{"admin": true, "alice": true, "bob": false}',
        "slow_log": "0",
    },
    "backup": {
        "services": units("mlflow-lab-backup-daily.timer"),
        "backups": json.dumps([{"backup": [BACKUP]}]),
        "log": json.dumps({"failing_s": 0, "last": "2026-11-26T02:30:00+00:00"}),
        "drill": json.dumps(DRILL),
        "copy": "2999-01-01T00:00:00Z",
    },
    "tracking": {
        "services": units("mlflow.service"),
        "installed": "/opt/mlflow/3.17.2-1/lib/python3.11/site-packages/mlflow-3.17.2.dist-info",
        "answer": "401 0.052",
        "workers": "2",
        "server": json.dumps(SERVER),
        "orphans": "{}",
    },
    "web": {
        "services": units("caddy.service"),
        "door": "200 0.031",
        "certificate": "The certificate for lab.test ends on 2999-01-01 00:00 UTC.\n"
        "The root that people were given ends on 2999-01-01 00:00 UTC.",
    },
}


def judged(changes=None, wanted=None):
    """Return the lines for a host that is well but for `changes`: {(room, look): text, or (code, text)}."""
    answers = {
        room: {look: {"code": 0, "out": text, "err": ""} for look, text in of.items()} for room, of in HEALTHY.items()
    }
    for (room, look), what in (changes or {}).items():
        code, text = what if isinstance(what, tuple) else (0, what)
        answers[room][look] = {"code": code, "out": "" if code else text, "err": text if code else ""}
    return module.doctor_lines({"stdout": json.dumps(answers)}, WANTED | (wanted or {}))


def unwell(lines):
    return {(line["room"], line["check"]): line for line in lines if line["state"] != "ok"}


def test_a_lab_that_is_well_has_nothing_but_good_lines():
    lines = judged()
    assert unwell(lines) == {}
    assert {line["mend"] for line in lines} == {""}
    assert [line["found"] for line in lines if line["check"] == "disk"] == [
        "/: 29% of 40.0 GiB, 5% of inodes",
        "/var/cache/mlflow: 0% of 1 MiB",
    ]


EXTRA = HEALTHY["host"]["keys"] + "\n{} 256 SHA256:strange0123456789 who@where (ED25519)"
STRANGER = HEALTHY["host"]["accounts"] + "\nmallory:x:1004:1004"


@pytest.mark.parametrize(
    ("look", "text", "check", "state", "found", "mend"),
    [
        (("host", "release"), "11.9", "Debian", "fail", "11.9", "12 or 13"),
        (("host", "services"), units("ssh.service", ActiveState="failed"),
         "services", "fail", "ssh is failed", "journalctl -u ssh"),
        (("web", "services"), units("caddy.service", LoadState="masked"), "services", "fail", "masked", "unmask caddy"),
        (("web", "services"), units("caddy.service", LoadState="not-found"),
         "services", "fail", "not there", "site.yml"),
        (("web", "services"), units("caddy.service", UnitFileState="disabled"),
         "services", "warn", "boot", "enable caddy"),
        (("host", "failed"), "man-db.service loaded failed failed", "failed units", "warn", "man-db", "reset-failed"),
        (("host", "failed"), "mlflow-expiry.service loaded failed",
         "failed units", "fail", "mlflow-expiry", "journalctl"),
        (("host", "disk"), "Mounted\n/ 100 80% 5%", "disk", "warn", "80%", "du -xh /"),
        (("host", "disk"), "Mounted\n/ 100 20% 90%", "disk", "fail", "90% of inodes", "larger volume"),
        (("host", "memory"), "MemTotal: 100 kB\nMemAvailable: 9 kB\nSwapTotal: 0 kB",
         "memory", "warn", "9 %", "mlflow_workers"),
        (("host", "memory"), "MemTotal: 100 kB\nMemAvailable: 4 kB\nSwapTotal: 0 kB",
         "memory", "fail", "4 %", "mlflow_workers"),
        (("host", "pressure"), "full avg10=0.00 avg60=0.00 avg300=12.50 total=0",
         "memory", "fail", "12 %", "larger server"),
        (("host", "clock"), "no", "clock", "fail", "not in sync", "baseline_ntp_servers"),
        (("host", "updates"), "Inst libc6 [1] (2 Debian-Security:12/stable-security [amd64])",
         "updates", "warn", "libc6", "unattended-upgrade"),
        (("host", "lists"), "9", "updates", "warn", "9 days", "apt update"),
        (("host", "reboot"), "required", "restart", "warn", "needs one", "reboot"),
        (("host", "keys"), EXTRA.format("alice"), "people", "fail", "alice has a key that", "people.yml"),
        (("host", "keys"), EXTRA.format("carol"), "people", "fail", "carol has a key that", "people.yml"),
        (("host", "keys"), EXTRA.format("mlflow"), "people", "fail", "mlflow, who is not", "state: absent"),
        (("host", "keys"), "", "people", "warn", "alice lacks a key", "people.yml"),
        (("host", "accounts"), STRANGER, "people", "warn", "mallory has an account", "state: absent"),
        (("host", "accounts"), STRANGER.replace("bob", "robert"), "people", "warn", "bob has no account", "people.yml"),
        (("host", "expiry"), "carol:", "people", "warn", "carol should be absent", "people.yml"),
        (("host", "sudo"), "alice\nbob", "people", "fail", "bob has sudo", "gpasswd"),
        (("host", "sudo"), "", "people", "warn", "alice lacks sudo", "people.yml"),
        (("database", "installed"), "15.15-0+deb12u1", "PostgreSQL", "warn", "15.15 is installed", "restart"),
        (("database", "numbers"), json.dumps(NUMBERS | {"bytes": 1, "used": 160}),
         "connections", "warn", "160 of 197", "max_connections"),
        (("database", "numbers"), json.dumps(NUMBERS | {"bytes": 1, "used": 190}),
         "connections", "fail", "190 of 197", "mlflow_workers"),
        (("database", "numbers"), json.dumps(NUMBERS | {"bytes": 1, "slow": [99, 31]}),
         "slow queries", "warn", "2 for more than 30 s, the longest 99 s", "log_min"),
        (("database", "accounts"), '{"admin": true, "alice": true, "bob": false, "eve": false}',
         "MLflow accounts", "fail", "eve", "absent"),
        (("database", "accounts"), '{"admin": true, "alice": true, "bob": true}',
         "MLflow accounts", "fail", "bob is an admin", "people"),
        (("database", "accounts"), '{"admin": true, "alice": true}',
         "MLflow accounts", "warn", "bob has no", "people.yml"),
        (("backup", "backups"), json.dumps([{"backup": []}]), "backups", "fail", "none", "backup=now"),
        (("backup", "backups"), '[{"backup": [{"error": true}]}]', "backups", "fail", "none", "now"),
        (("backup", "log"), json.dumps({"failing_s": 301, "last": "2026-11-26T02:30:00+00:00"}),
         "log", "fail", "since 2026-11-26T02:30", "disk"),
        (("backup", "drill"), json.dumps(DRILL | {"equal": False, "error": "These tables differ: public.runs."}),
         "drill", "fail", "public.runs", "drill.yml"),
        (("backup", "drill"), json.dumps(DRILL | {"begun": "2026-01-01T00:00:00+00:00"}),
         "drill", "warn", "191 rows of 77 tables", "drill.yml"),
        (("backup", "copy"), "never", "copy", "warn", "none yet", "copy.yml"),
        (("backup", "copy"), "2026-01-01T00:00:00Z", "copy", "fail", "days ago", "mlflow-lab-copy"),
        (("tracking", "installed"), "/x/mlflow-3.16.0.dist-info",
         "MLflow", "warn", "3.16.0, and the inventory wants 3.17.2", "site.yml"),
        (("tracking", "answer"), "503 0.1", "answer", "fail", "503", "database"),
        (("tracking", "answer"), "401 4.5", "answer", "warn", "4.50 s", "mlflow_workers"),
        (("tracking", "workers"), "4",
         "pool", "warn", "240 connections, and the database has 200", "max_connections: 260"),
        (("tracking", "server"), json.dumps(SERVER | {"problems": ["put: An error (InvalidAccessKeyId)"]}),
         "object store", "fail", "InvalidAccessKeyId", "rotate=s3"),
        (("tracking", "server"), json.dumps(SERVER | {"problems": ['put: Could not connect to the endpoint URL: "x"']}),
         "object store", "fail", "Could not connect", "lab_s3_endpoint"),
        (("tracking", "server"), json.dumps(SERVER | {"problems": ['put: Connect timeout on endpoint URL: "x/a-403c"']}),
         "object store", "fail", "Connect timeout", "lab_s3_endpoint"),
        (("tracking", "server"), json.dumps(SERVER | {"problems": ["put: SSL validation failed"]}),
         "object store", "fail", "SSL", "lab_s3_ca_certificate"),
        (("tracking", "orphans"), json.dumps(ORPHANS | {"bytes": 2**30}),
         "orphans", "warn", "7 of 99 objects, 1.0 GiB", "orphans.json"),
        (("tracking", "orphans"), json.dumps(ORPHANS | {"time": "2026-01-01T00:00:00+00:00"}),
         "orphans", "warn", "days ago", "journalctl -u mlflow-orphans"),
        (("web", "door"), "503 0.1", "door", "fail", "503", "caddy"),
        (("web", "certificate"), (1, "It ends soon; more should be left. Put a new one."),
         "certificate", "fail", "should be left", "Put a new one."),
    ],
)  # fmt: skip
def test_what_is_not_well_is_one_line_with_what_to_do(look, text, check, state, found, mend):
    lines = unwell(judged({look: text}))
    assert list(lines) == [(look[0], check)]
    line = lines[look[0], check]
    assert line["state"] == state
    assert found in line["found"]
    assert mend in line["mend"]


@pytest.mark.parametrize(
    ("age", "state", "words"),
    [(25, "ok", "25 hours ago"), (27, "warn", "27 hours ago"), (72, "fail", "3 days ago")],
)
def test_a_backup_that_is_late_is_told(age, state, words):
    backup = BACKUP | {"timestamp": {"stop": NOW - age * 3600}}
    lines = judged({("backup", "backups"): json.dumps([{"backup": [backup]}])})
    (line,) = (line for line in lines if line["check"] == "backups")
    assert (line["state"], line["found"]) == (state, f"1, the newest {words}")


def test_several_problems_are_one_line_and_the_worst_counts():
    accounts, keys = STRANGER.replace("bob", "robert"), EXTRA.format("alice")
    (line,) = unwell(judged({("host", "accounts"): accounts, ("host", "keys"): keys})).values()
    assert line["state"] == "fail"
    for words in ("alice has a key", "bob has no account", "mallory has an account", "robert has an account"):
        assert words in line["found"]


def test_keys_of_the_login_user_count_where_the_inventory_names_them():
    (line,) = unwell(judged(wanted={"login_user_keys": [KEY]})).values()
    assert "debian has a key that it does not know" in line["found"]
    assert "debian lacks a key" in line["found"]


def test_a_look_without_an_answer_hides_no_other():
    refused = (2, "psql: error: nobody listens\nIs the server running?")
    lines = judged({("database", "numbers"): refused, ("database", "accounts"): refused})
    assert set(unwell(lines)) == {
        ("database", name) for name in ("PostgreSQL", "connections", "slow queries", "MLflow accounts")
    }
    said = {(line["state"], line["found"]) for line in unwell(lines).values()}
    assert said == {("fail", "psql: error: nobody listens")}
    assert len(lines) == len(judged())


def test_an_answer_that_nobody_expected_is_a_line():
    lines = judged({("tracking", "server"): "Traceback", ("tracking", "installed"): "nothing"})
    assert set(unwell(lines)) == {("tracking", name) for name in ("MLflow", "pool", "object store")}
    assert {line["state"] for line in unwell(lines).values()} == {"fail"}


def test_a_host_that_does_not_answer_is_a_line():
    (line,) = module.doctor_lines({"unreachable": True, "msg": "Task failed: No way\nvia ssh"}, WANTED)
    assert (line["check"], line["state"], line["found"]) == ("SSH", "fail", "No way via ssh")
    assert "ansible_host" in line["mend"]
    (line,) = module.doctor_lines({"failed": True, "msg": "Missing sudo password"}, WANTED)
    assert (line["check"], line["state"], line["found"]) == ("SSH", "fail", "Missing sudo password")
    assert "become root" in line["mend"]


def test_only_the_rooms_of_the_host_are_looked_at():
    assert {line["room"] for line in judged(wanted={"rooms": ["host", "web"]})} == {"host", "web"}
