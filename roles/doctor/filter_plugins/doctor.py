"""What to make of what vars/main.yml asks a host: a line for each check, with a state and what to do."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator

SITE = "ansible-playbook site.yml"
PEOPLE = "ansible-playbook playbooks/people.yml"
OURS = re.compile(r"mlflow|people-|postgresql|caddy|pgbackrest|ssh|fail2ban")

# What is found and the mend, if there is one: of the first kind that is not empty, the line gets its state.
Verdict = tuple[str, str, str]


def ok(found: str) -> Verdict:
    return "ok", found, ""


def warn(found: str, mend: str) -> Verdict:
    return "warn", found, mend


def fail(found: str, mend: str) -> Verdict:
    return "fail", found, mend


class SilentError(Exception):
    """A look that did not get its answer."""


class Room:
    """What the commands of one room answered."""

    def __init__(self, answers: dict[str, dict]):
        self.answers = answers

    def __getitem__(self, look: str) -> str:
        answer = self.answers[look]
        if answer["code"]:
            said = (answer["err"] or answer["out"] or f"it ends with {answer['code']}").splitlines()
            raise SilentError(said[-1] if said[0].startswith("Traceback") else said[0])
        return answer["out"]


CHECKS: list[tuple[str, str, str, Callable]] = []


def check(room: str, name: str, mend: str) -> Callable:
    """Make a function a check of a room. It is given the answers and what is wanted, and returns a verdict, or several.

    mend: what to do where a look has no answer.
    """

    def add(function: Callable) -> Callable:
        CHECKS.append((room, name, mend, function))
        return function

    return add


def worst(problems: list[Verdict], good: str) -> Verdict:
    """Make one line of several problems; of none, a good one."""
    if not problems:
        return ok(good)
    state = "fail" if any(one[0] == "fail" for one in problems) else "warn"
    mends = dict.fromkeys(one[2] for one in problems)
    return state, "; ".join(one[1] for one in problems), " ".join(mends)


def by_limits(value: float, limits: list[int], found: str, mend: str) -> Verdict:
    """Judge a number that should be small."""
    low, high = limits
    return fail(found, mend) if value >= high else warn(found, mend) if value >= low else ok(found)


def size(number: float) -> str:
    """Write bytes as a person does."""
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"


# Every room


def services(answers: Room, _: dict) -> Verdict:
    """See that units run, and start at every boot."""
    problems, running = [], []
    for block in answers["services"].split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        name = unit["Id"].removesuffix(".service")
        if unit["LoadState"] == "not-found":
            problems.append(fail(f"{name} is not there", f"{SITE} makes it."))
        elif unit["LoadState"] == "masked":
            problems.append(
                fail(f"{name} is masked", f"sudo systemctl unmask {name}; sudo systemctl enable --now {name}")
            )
        elif unit["ActiveState"] not in ("active", "reloading"):
            mend = f"sudo systemctl enable --now {name}; if it does not stay, journalctl -u {name} says why."
            problems.append(fail(f"{name} is {unit['ActiveState']}", mend))
        elif unit["UnitFileState"] not in ("enabled", "static", "alias", "indirect", "generated"):
            problems.append(warn(f"{name} does not start at boot", f"sudo systemctl enable {name}"))
        else:
            running.append(name)
    return worst(problems, ", ".join(running))


for every in ("host", "database", "backup", "tracking", "web"):
    check(every, "services", SITE)(services)


# The host


@check("host", "Debian", SITE)
def release(answers: Room, _: dict) -> Verdict:
    found = answers["release"]
    return ok(found) if found.split(".")[0] in ("12", "13") else fail(found, "Use Debian 12 or 13.")


@check("host", "failed units", "systemctl --failed")
def failed_units(answers: Room, _: dict) -> Verdict:
    names = [line.split()[0] for line in answers["failed"].splitlines()]
    mend = "Why: journalctl -u NAME. When it is mended: sudo systemctl reset-failed NAME"
    if any(OURS.match(name) for name in names):
        return fail(", ".join(names), mend)
    return warn(", ".join(names), mend) if names else ok("none")


@check("host", "disk", "df")
def disk(answers: Room, wanted: dict) -> Iterator[Verdict]:
    mend = "Make room (sudo du -xh {0} | sort -h | tail), or use a larger volume."
    seen = set()
    for line in answers["disk"].splitlines()[1:]:
        target, total, space, inodes = line.rsplit(maxsplit=3)
        if target in seen:
            continue
        seen.add(target)
        used = [int(part[:-1]) for part in (space, inodes) if part != "-"]
        words = f"{target}: {space} of {size(int(total))}" + ("" if inodes == "-" else f", {inodes} of inodes")
        yield by_limits(max(used), wanted["disk"], words, mend.format(target))


@check("host", "memory", "free -h")
def memory(answers: Room, wanted: dict) -> Verdict:
    kib = {name: int(number.split()[0]) for name, number in re.findall(r"(?m)^(\w+):\s+(.*)$", answers["memory"])}
    percent = 100 * kib["MemAvailable"] // kib["MemTotal"]
    words = f"{percent} % of {size(kib['MemTotal'] * 1024)} available"
    if kib["SwapTotal"]:
        words += f", {100 - 100 * kib['SwapFree'] // kib['SwapTotal']} % of swap used"
    stall = re.search(r"full .*avg300=([0-9.]+)", answers["pressure"])
    waits = float(stall[1]) if stall else 0
    mend = "systemd-cgtop -m shows who has it. Fewer mlflow_workers, or a larger server."
    low, high = wanted["memory"]
    if waits >= 10:
        return fail(f"{words}; {waits:.0f} % of the last five minutes, nothing ran for want of it", mend)
    return fail(words, mend) if percent < high else warn(words, mend) if percent < low else ok(words)


@check("host", "clock", "timedatectl")
def clock(answers: Room, _: dict) -> Verdict:
    found = answers["clock"]
    if found == "container":
        return ok("that of the container's host")
    mend = "timedatectl timesync-status; if no server answers, set baseline_ntp_servers. S3 refuses who is 15 min late."
    return ok("in sync") if found == "yes" else fail("not in sync", mend)


@check("host", "updates", "sudo apt update")
def updates(answers: Room, _: dict) -> Verdict:
    pending = [line.split()[1] for line in answers["updates"].splitlines() if re.match(r"Inst .*Debian-Security", line)]
    days = int(answers["lists"])
    problems = []
    if days > 3:
        problems.append(warn(f"no news of updates for {days} days", "Why: journalctl -u apt-daily. sudo apt update"))
    if pending:
        names = ", ".join(pending[:4]) + (", ..." if len(pending) > 4 else "")
        mend = "They come by themselves within a day; at once: sudo unattended-upgrade"
        problems.append(warn(f"{len(pending)} security updates pending ({names})", mend))
    return worst(problems, "no security update pending")


@check("host", "restart", "ls /run/reboot-required")
def restart(answers: Room, _: dict) -> Verdict:
    mend = "It comes by itself at baseline_reboot_time, if that is set; at once: sudo reboot"
    return warn("an update needs one", mend) if answers["reboot"] else ok("none needed")


def fingerprint(key: str) -> str:
    """Return the fingerprint of a public key as ssh-keygen writes it, from the line of a .pub file."""
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def who_may(wanted: dict) -> tuple[dict[str, set[str]], set[str], set[str]]:
    """Return the keys that each account may have, who has to have an account, and who has sudo."""
    keys, present, admins = {}, set(), set()
    for person in wanted["people"]:
        name, ssh = person["name"], person.get("ssh", "shell")
        here = person.get("state", "present") == "present" and (ssh, person.get("mlflow")) != ("none", "none")
        keys[name] = {fingerprint(key) for key in person.get("ssh_keys", [])} if here and ssh != "none" else set()
        present |= {name} if here else set()
        admins |= {name} if here and ssh == "admin" else set()
    return keys, present, admins


@check("host", "people", PEOPLE)
def people(answers: Room, wanted: dict) -> Verdict:
    """Compare accounts, keys and sudo with the inventory: more lets somebody in, less keeps somebody out."""
    keys, present, admins = who_may(wanted)
    uids = {line.split(":")[0]: int(line.split(":")[2]) for line in answers["accounts"].splitlines()}
    today = time.time() // 86400
    closed = {
        name for name, day in (line.split(":") for line in answers["expiry"].splitlines()) if day and int(day) <= today
    }
    logins = {wanted["login_user"], answers["login"]}
    found: dict[str, set[str]] = {}
    for name, _, print_ in (line.split()[:3] for line in answers["keys"].splitlines()):
        found.setdefault(name, set()).add(print_)

    problems = []
    drop = f"{PEOPLE}; a name that the inventory does not have needs an entry there with state: absent."
    for name in sorted(keys.keys() | found.keys()):
        if name in logins:
            if not wanted["login_user_keys"]:
                continue
            allowed = {fingerprint(key) for key in wanted["login_user_keys"]}
        else:
            allowed = keys.get(name, set())
        for extra in sorted(found.get(name, set()) - allowed):
            who = name if name in keys or name in logins else f"{name}, who is not in the inventory,"
            problems.append(fail(f"{who} has a key that it does not know ({extra[:16]}...)", drop))
        if allowed - found.get(name, set()):
            problems.append(warn(f"{name} lacks a key of the inventory", f"{PEOPLE}."))
    for name in sorted(present - uids.keys()):
        problems.append(warn(f"{name} has no account yet", f"{PEOPLE}."))
    for name in sorted((keys.keys() & uids.keys()) - present - closed):
        problems.append(warn(f"{name} should be absent, and the account is open", f"{PEOPLE}."))
    strangers = {name for name, uid in uids.items() if uid >= 1000 and uid != 65534} - keys.keys() - logins - closed
    for name in sorted(strangers - found.keys()):
        problems.append(warn(f"{name} has an account, and is not in the inventory", drop))
    sudo = {name for name in answers["sudo"].split() if name} - logins - {"root"}
    for name in sorted(sudo - admins):
        problems.append(fail(f"{name} has sudo", f"{PEOPLE}; out of a group: sudo gpasswd --delete {name} sudo"))
    for name in sorted((admins - sudo) & uids.keys()):
        problems.append(warn(f"{name} lacks sudo", f"{PEOPLE}."))
    return worst(problems, f"{len(present)} as in the inventory")


# The database

LOOK_AT_POSTGRESQL = "sudo systemctl start postgresql; why it does not run: sudo tail /var/log/postgresql/*.log"


@check("database", "PostgreSQL", LOOK_AT_POSTGRESQL)
def postgresql(answers: Room, _: dict) -> Verdict:
    numbers = json.loads(answers["numbers"])
    words = f"{numbers['version'].split()[0]}, {size(numbers['bytes'])} of data"
    running, installed = (re.search(r"\d+\.\d+", text)[0] for text in (numbers["version"], answers["installed"]))
    if running != installed:
        return warn(f"{words}, and {installed} is installed", "sudo systemctl restart postgresql; MLflow waits for it.")
    return ok(words)


@check("database", "connections", LOOK_AT_POSTGRESQL)
def connections(answers: Room, wanted: dict) -> Verdict:
    numbers = json.loads(answers["numbers"])
    used, most = numbers["used"], numbers["max"]
    mend = "Fewer mlflow_workers, or postgresql_settings: {max_connections: ...}; who has them: pg_stat_activity"
    return by_limits(100 * used / most, wanted["connections"], f"{used} of {most} in use", mend)


@check("database", "slow queries", LOOK_AT_POSTGRESQL)
def slow_queries(answers: Room, wanted: dict) -> Verdict:
    numbers = json.loads(answers["numbers"])
    logged = numbers["logged_from"]
    log = f"{answers['slow_log']} in the log from {logged} on" if logged != "-1" else "none is logged"
    if not numbers["slow"]:
        return ok(f"none now; {log}")
    words = (
        f"{len(numbers['slow'])} for more than {wanted['slow_seconds']} s, the longest {numbers['slow'][0]} s; {log}"
    )
    return warn(words, "Which: pg_stat_activity. To log them: postgresql_settings: {log_min_duration_statement: 5s}")


@check("database", "MLflow accounts", LOOK_AT_POSTGRESQL)
def accounts(answers: Room, wanted: dict) -> Verdict:
    found = json.loads(answers["accounts"])
    due = {"admin": True}
    for account in wanted["accounts"]:
        if account.get("state", "present") == "present" and account.get("role", "user") != "none":
            due[account["name"]] = account.get("role", "user") == "admin"
    mend = f"{PEOPLE}; a name that the inventory does not have needs an entry there with state: absent."
    problems = [fail(f"{name} has an account, and should not", mend) for name in sorted(found.keys() - due.keys())]
    for name in sorted(due):
        if name not in found:
            problems.append(warn(f"{name} has no account", f"{PEOPLE}."))
        elif found[name] and not due[name]:
            problems.append(fail(f"{name} is an admin, and should not be", mend))
        elif due[name] and not found[name]:
            problems.append(warn(f"{name} should be an admin", f"{PEOPLE}."))
    return worst(problems, f"{len(due)} as in the inventory")


# The tracking server

LOOK_AT_MLFLOW = "sudo journalctl -u mlflow says why; sudo systemctl restart mlflow"


@check("tracking", "MLflow", SITE)
def mlflow_version(answers: Room, wanted: dict) -> Verdict:
    found = re.search(r"/mlflow-([^/]+)\.dist-info", answers["installed"])[1]
    if found != wanted["mlflow_version"]:
        return warn(f"{found}, and the inventory wants {wanted['mlflow_version']}", f"{SITE}, or set mlflow_version.")
    return ok(f"{found}, as in the inventory")


@check("tracking", "answer", LOOK_AT_MLFLOW)
def answer(answers: Room, _: dict) -> Verdict:
    code, seconds = answers["answer"].split()
    if code != "401":  # for a login that can't exist, it is the right one
        mend = f"It does, where its database answers. {LOOK_AT_MLFLOW}"
        return fail(f"MLflow can't look in its database (it says {code})", mend)
    words = f"in {float(seconds):.2f} s"
    return ok(words) if float(seconds) < 3 else warn(words, "Is it busy? systemd-cgtop. More mlflow_workers may help.")


@check("tracking", "pool", SITE)
def pool(answers: Room, _: dict) -> Verdict:
    """Compare what the server may open with what the database has."""
    server = json.loads(answers["server"])
    most, workers = server["max_connections"], int(answers["workers"])
    needed = 2 * workers * server["pool"]  # once for data, once for accounts
    words = f"{workers} workers may open {needed} connections"
    if most is None:
        return ok(f"{words}; the database does not say how many it has")
    if needed > most:
        mend = f"postgresql_settings: {{max_connections: {needed + 20}}}, or fewer mlflow_workers."
        return warn(f"{words}, and the database has {most}", mend)
    return ok(f"{words}, of {most}")


@check("tracking", "object store", "sudo journalctl -u mlflow; is /etc/mlflow/mlflow.env there?")
def object_store(answers: Room, _: dict) -> Verdict:
    server = json.loads(answers["server"])
    where = f"{server['bucket']} at {server['endpoint']}"
    if not server["problems"]:
        return ok(f"put, multipart and delete in {where} took {server['seconds']} s")
    problem = server["problems"][0]
    # In brackets botocore gives the store's code; elsewhere stand names, which may contain anything.
    if re.search(r"\((InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|403)\)", problem):
        mend = "Its keys are not valid (any more): ansible-playbook playbooks/rotate.yml -e rotate=s3"
    elif "SSL validation failed" in problem:
        mend = "Is lab_s3_ca_certificate the authority of the store's certificate? Then site.yml."
    elif "(NoSuchBucket)" in problem:
        mend = f"{SITE} makes it anew; what was in it is gone, unless the cloud's support finds it."
    elif re.search(r"ndpoint|timeout|timed out", problem):
        mend = "Nobody answers there: see the cloud's status page, and lab_s3_endpoint."
    else:
        mend = "See the cloud's status page, and the project's quota."
    return fail(f"{where}: {problem}", mend)


@check("tracking", "orphans", "systemctl status mlflow-orphans")
def orphans(answers: Room, wanted: dict) -> Verdict:
    report = json.loads(answers["orphans"])
    if not report:
        return ok("not counted yet: each Sunday")
    words = f"{report['orphans']} of {report['objects']} objects, {size(report['bytes'])}"
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(report["time"])
    if age.days > 9:
        return warn(f"{words}, counted {age.days} days ago", "sudo journalctl -u mlflow-orphans says why.")
    mend = "Which: sudo less /var/lib/mlflow/orphans.json. Nothing removes them but you."
    return warn(words, mend) if report["bytes"] >= wanted["orphans_mb"] * 2**20 else ok(words)


# The backups

LOOK_AT_BACKUPS = "sudo journalctl -u 'mlflow-lab-backup@*' says why; is the object store there?"


def age_of(moment: str) -> datetime.timedelta:
    return datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(moment)


def hours(age: datetime.timedelta) -> str:
    """Write how long ago something was."""
    return f"{age.days} days ago" if age.days > 2 else f"{age.total_seconds() / 3600:.0f} hours ago"


@check("backup", "backups", LOOK_AT_BACKUPS)
def backups(answers: Room, _: dict) -> Verdict:
    """See that last night's backup is there."""
    good = [one for one in json.loads(answers["backups"])[0]["backup"] if not one["error"]]
    mend = f"{LOOK_AT_BACKUPS} At once: ansible-playbook playbooks/backup.yml -e backup=now"
    if not good:
        return fail("none", mend)
    newest = datetime.datetime.fromtimestamp(good[-1]["timestamp"]["stop"], datetime.UTC)
    age = datetime.datetime.now(datetime.UTC) - newest
    words = f"{len(good)}, the newest {hours(age)}"
    return fail(words, mend) if age.days >= 2 else warn(words, mend) if age.total_seconds() > 26 * 3600 else ok(words)


@check("backup", "log", LOOK_AT_POSTGRESQL)
def log(answers: Room, _: dict) -> Verdict:
    """See that what is written gets into the archive. A short outage of the store is not worth a line."""
    failing_s, last = (json.loads(answers["log"])[name] for name in ("failing_s", "last"))
    if failing_s < 300:
        return ok("written to the archive, each minute")
    mend = f"{LOOK_AT_BACKUPS} Until then the log stays on the server's disk. sudo tail /var/log/postgresql/*.log"
    return fail(f"not archived since {str(last or 'ever')[:16]}", mend)


@check("backup", "drill", "sudo journalctl -u mlflow-lab-drill")
def drill(answers: Room, _: dict) -> Verdict:
    """See that the last drill was good, and not long ago."""
    report = json.loads(answers["drill"])
    mend = "Once more: ansible-playbook playbooks/drill.yml; why: sudo journalctl -u mlflow-lab-drill"
    if not report:
        return ok("none yet: each month")
    if not report["equal"]:
        return fail(report["error"], mend)
    age = age_of(report["begun"])
    words = f"{report['rows']} rows of {report['tables']} tables came back, {hours(age)}"
    return warn(words, mend) if age.days > 40 else ok(words)


@check("backup", "copy", "sudo journalctl -u mlflow-lab-copy")
def copy(answers: Room, _: dict) -> Verdict:
    """See that last night's copy was made, where there is to be one."""
    copied = answers["copy"]
    mend = "Why: sudo journalctl -u mlflow-lab-copy. At once: ansible-playbook playbooks/copy.yml"
    if not copied:
        return ok("none wanted (lab_backup_copy)")
    if copied == "never":
        return warn("none yet", mend)
    age = age_of(copied)
    words = f"made {hours(age)}"
    return fail(words, mend) if age.days >= 2 else warn(words, mend) if age.total_seconds() > 26 * 3600 else ok(words)


# The web


@check("web", "door", "sudo journalctl -u caddy says why; sudo systemctl restart caddy")
def door(answers: Room, _: dict) -> Verdict:
    code, seconds = answers["door"].split()
    if code == "200":
        return ok(f"/health answers in {float(seconds):.2f} s")
    return fail(f"/health says {code}", "MLflow or its database is away: see the lines above; sudo journalctl -u caddy")


@check("web", "certificate", "sudo systemctl start mlflow-lab-certificate; sudo journalctl -u mlflow-lab-certificate")
def certificate(answers: Room, _: dict) -> Verdict:
    got = answers.answers["certificate"]
    if got["code"] == 1 and got["err"]:
        what, _, mend = " ".join(got["err"].split()).partition(". ")
        return fail(what, mend)
    ends = re.findall(r"ends on (\d{4}-\d\d-\d\d \d\d:\d\d) UTC", answers["certificate"])
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    left = [datetime.datetime.fromisoformat(end) - now for end in ends]
    words = [f"{one.days} days" if one.days > 1 else f"{one.total_seconds() / 3600:.0f} hours" for one in left]
    return ok(f"{words[0]} left" + (f", {words[1]} of its root" if len(words) > 1 else ""))


def verdicts(function: Callable, answers: Room, wanted: dict, mend: str) -> list[Verdict]:
    """Return what a check makes of the answers; that it could make nothing of them is a verdict, too."""
    try:
        made = function(answers, wanted)
        return [made] if isinstance(made, tuple) else list(made)
    except SilentError as silent:
        return [fail(str(silent), mend)]
    except (KeyError, ValueError, TypeError, IndexError) as problem:
        return [fail(f"the answer is not as expected ({type(problem).__name__}: {problem})", mend)]


def doctor_lines(looked: dict, wanted: dict) -> list[dict]:
    """Return a line for each check, of a host's answers as Ansible's `command` brings them."""
    try:
        found = json.loads(looked["stdout"])
    except (KeyError, ValueError):
        message = str(looked.get("msg") or looked.get("stderr") or "no answer")
        reason = " ".join(message.removeprefix("Task failed: ").split())
        mend = "See whether ansible_user can become root there without a password, and Python 3 is installed."
        if looked.get("unreachable"):
            mend = (
                "Is it on (see the dashboard)? Are ansible_host and ansible_user right, and you in lab_admin_networks?"
            )
        return [{"room": "host", "check": "SSH", "state": "fail", "found": reason, "mend": mend}]
    return [
        {"room": room, "check": name, "state": state, "found": what, "mend": todo}
        for room in wanted["rooms"]
        for of_room, name, mend, function in CHECKS
        if of_room == room
        for state, what, todo in verdicts(function, Room(found[room]), wanted, mend)
    ]


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict:
        """Return the filters by name."""
        return {"doctor_lines": doctor_lines}
