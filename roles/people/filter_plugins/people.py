"""What is wrong with the inventory's list of people, in words that say what to write instead."""

from __future__ import annotations

import datetime
import difflib
import functools
import re
import shutil
import subprocess
from collections.abc import Iterator

CHOICES = {
    "ssh": ("admin", "shell", "tunnel", "none"),
    "mlflow": ("admin", "user", "reader", "none"),
    "state": ("present", "absent"),
}
OPTIONS = ("name", "ssh_keys", *CHOICES, "workspaces", "expires")

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")

# Debian's own accounts and groups, those of the packages that this project installs, and those of cloud images.
RESERVED = frozenset(
    """
    root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup
    adm tty disk kmem dialout fax voice cdrom floppy tape sudo audio dip operator src shadow utmp video sasl plugdev
    staff users input sgx kvm render crontab netdev messagebus sshd ssh polkitd tss uuidd tcpdump ntp ntpsec chrony
    docker lxd wheel debian ubuntu cloud-user almalinux rocky fedora centos ec2-user
    postgres mlflow caddy pgbackrest prometheus grafana
    """.split()  # noqa: SIM905 - a literal would be a page long
)
RESERVED_PREFIXES = ("_", "systemd-")

# As MLflow names workspaces (mlflow/store/workspace/abstract_store.py, 3.17.2).
WORKSPACE = re.compile(r"(?=.{2,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
RESERVED_WORKSPACES = ("workspaces", "api", "ajax-api", "static-files")

KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "ssh-dss",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
# PEM's and PuTTY's headers, and what the inside of an OpenSSH private key begins with ("openssh-key-v1" in base64).
PRIVATE = re.compile(r"PRIVATE KEY|PuTTY-User-Key-File|Private-Lines|b3BlbnNzaC1rZXktdj")

PASTE = "Paste the whole line of the .pub file"
RENEW = "Make a new key with ssh-keygen -t ed25519 and paste the whole line of its .pub file."


def _kind(value: object) -> str:
    """Name a value's type as YAML's user knows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (unquoted yes, no, on and off mean that in YAML)"
    for kind, words in ((str, "text"), (dict, "a dictionary"), (list, "a list"), ((int, float), "a number")):
        if isinstance(value, kind):
            return words
    return f"a {type(value).__name__}"


def _found(value: object) -> str:
    """Quote short text; of anything else tell the type only."""
    return repr(str(value)) if isinstance(value, str) and len(value) <= 40 else _kind(value)


def _shown(line: str) -> str:
    """Quote a public key's beginning. Long text of another kind is not repeated: it might be a secret."""
    if len(line) <= 40:
        return repr(str(line))
    return repr(f"{line[:40]}…") if line.split()[0] in KEY_TYPES else f"{len(line)} characters (not shown)"


@functools.cache  # a run checks people before anything is touched, and again where they are made
def _fingerprint(line: str) -> str | None:
    """Return what `ssh-keygen -l` says of a public key ("256 SHA256:… comment (ED25519)"), None if it refuses it."""
    run = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"],
        input=f"{line}\n",
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    return run.stdout if run.returncode == 0 else None


def _key_fault(key: object) -> str | None:
    """Say what is wrong with one item of ssh_keys, None if nothing is."""
    if not isinstance(key, str):
        return f"found {_kind(key)}, not text. {PASTE}, in quotes."
    line = key.strip()
    if PRIVATE.search(line):
        return f"found a private key (not shown); whoever reads the inventory has it now. {RENEW}"
    if not line:
        return f"found an empty text. {PASTE}, or remove the item."
    if len(line.splitlines()) > 1:
        return f"found several lines. {PASTE}, each key as an item of its own."
    words = line.split()
    if words[0] not in KEY_TYPES:
        if any(word in KEY_TYPES for word in words):
            return (
                "found options before the key; this role sets them itself, after `ssh`. "
                f"Begin with the type of the key, e.g. {KEY_TYPES[0]}."
            )
        return f"found {_shown(line)}, which is no SSH public key: those begin with e.g. {KEY_TYPES[0]}. {PASTE}."
    if words[0] == "ssh-dss":
        return f"found a DSA key, which is weak and which OpenSSH no longer takes. {RENEW}"
    fingerprint = _fingerprint(line)
    if fingerprint is None:
        return f"found {_shown(line)}, which is no SSH public key (ssh-keygen -l refuses it). {PASTE}."
    bits = int(fingerprint.split()[0])
    if words[0] == "ssh-rsa" and bits < 2048:
        return f"found an RSA key of {bits} bits, which is weak: 2048 is the least. {RENEW}"
    return None


def _name_fault(name: object, login_user: str) -> str | None:
    """Say what is wrong with a person's name, None if nothing is."""
    if name is None:
        return "found none. Write the name of her account on the server, e.g. alice."
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return (
            f"found {_found(name)}, which is no Linux user name. Write a small letter, "
            "then up to 31 small letters, digits, - and _, e.g. alice."
        )
    if name == login_user:
        return f"found {name!r}, whom Ansible itself logs in as (people_login_user). Write another name."
    if name == "admin":
        return "found 'admin', which is MLflow's own administrator. Write the name of a person."
    if name == "deployment-check":
        return "found 'deployment-check', which logs each deployment's own run. Write the name of a person."
    if name in RESERVED or name.startswith(RESERVED_PREFIXES):
        return f"found {name!r}, which is kept for a system account. Write another name."
    return None


def _form_faults(person: dict) -> Iterator[str]:
    """Say which options of a person are unknown or have a value that they cannot have."""
    for option in person:
        if option not in OPTIONS:
            close = difflib.get_close_matches(str(option), OPTIONS, n=1)
            instead = close[0] if close else f"one of {', '.join(OPTIONS)}"
            yield f": found the unknown option {_found(option)}. Write {instead}."
    for option, choices in CHOICES.items():
        value = person.get(option, choices[0])
        if not isinstance(value, str) or value not in choices:
            yield f", {option}: found {_found(value)}. Write one of {', '.join(choices)}."
    if "expires" in person and not _is_date(person["expires"]):
        yield f", expires: found {_found(person['expires'])}, which is no date. Write her last day, e.g. 2027-06-30."
    yield from _workspace_faults(person.get("workspaces", ["default"]))
    if not isinstance(person.get("ssh_keys", []), list):
        yield f', ssh_keys: found {_kind(person["ssh_keys"])}, not a list. Write [] or ["ssh-ed25519 AAAA… her-laptop"].'


def _is_date(value: object) -> bool:
    """Tell whether YAML took it for a date, or would have without quotes."""
    if isinstance(value, datetime.date):
        return not isinstance(value, datetime.datetime)
    try:
        return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _workspace_faults(names: object) -> Iterator[str]:
    """Say which workspaces of a person MLflow could not make."""
    if not isinstance(names, list) or not names:
        what = "none" if names == [] else f"{_kind(names)}, not a list"
        yield f", workspaces: found {what}. Write [default], or leave it out."
        return
    for number, name in enumerate(names):
        if not isinstance(name, str) or not WORKSPACE.fullmatch(name) or name in RESERVED_WORKSPACES:
            yield (
                f", workspaces[{number}]: found {_found(name)}, which cannot name a workspace. "
                "Write 2 to 63 small letters, digits and -, e.g. ocean."
            )


def people_findings(people: object, login_user: str = "") -> list[str]:
    """List all that is wrong with the people of an inventory.

    people: what the inventory says, of any type; right is a list of dicts as in the role's argument_specs.yml.
    login_user: the user whom Ansible logs in as.
    Returns sentences that name the place, what was found there and what to write instead; none if all is right.
    """
    if not isinstance(people, list):
        return [f"people: found {_kind(people)}, not a list. Write one item for each person: - name: alice."]
    if not shutil.which("ssh-keygen"):
        return ["ssh-keygen: found nowhere on this machine, so no key can be checked. Install OpenSSH's client."]
    findings: list[str] = []
    names: dict[str, str] = {}
    owners: dict[str, str] = {}
    admins = 0
    for index, person in enumerate(people):
        place = f"people[{index}]"
        if not isinstance(person, dict):
            findings.append(f"{place}: found {_kind(person)}, not a person. Write for instance - name: alice.")
            continue

        name = person.get("name")
        fault = _name_fault(name, login_user)
        if fault:
            findings.append(f"{place}, name: {fault}")
        elif name in names:
            findings.append(f"{place}, name: found {name!r}, as in {names[name]}. Keep one entry for each person.")
        else:
            names[name] = place
        who = place if fault else f"{place} {name}"

        findings.extend(who + fault for fault in _form_faults(person))

        ssh, present = person.get("ssh", "shell"), person.get("state", "present") == "present"
        keys = person.get("ssh_keys", [])
        keys = keys if isinstance(keys, list) else None
        good = 0
        for number, key in enumerate(keys or []):
            here = f"{who}, ssh_keys[{number}]"
            fault = _key_fault(key)
            if fault:
                findings.append(f"{here}: {fault}")
                continue
            good += 1
            owner = owners.setdefault(key.split()[1], here)
            if owner != here:
                findings.append(f"{here}: found the same key as in {owner}. Keep it in one place.")
        if present and ssh in ("admin", "shell", "tunnel") and keys == []:
            findings.append(f"{who}, ssh_keys: found none, but ssh is {ssh}. {PASTE}, or write ssh: none.")
        admins += bool(present and ssh == "admin" and good)
    if not admins:
        findings.append(
            "people: found nobody who is present, with ssh: admin and a valid key. "
            "The last admin's key can't be removed: give another person ssh: admin and a key first."
        )
    return findings


def authorized_keys(person: dict, key_options: dict[str, str]) -> str:
    """Return what a person's authorized_keys is to hold: her keys, each with the options of her kind of access."""
    if person["ssh"] == "none":
        return ""
    options = f"{key_options[person['ssh']]} " if person["ssh"] in key_options else ""
    keys = [key.split(maxsplit=2) for key in person["ssh_keys"]]
    return "".join(f"{options}{kind} {blob} {' '.join(' '.join(comment).split())}\n" for kind, blob, *comment in keys)


def gone_from(person: dict) -> int | str:
    """Return the day after a person's last one, counted from 1970 as in /etc/shadow, or "" if she has no last one."""
    if "expires" not in person:
        return ""
    return (datetime.date.fromisoformat(str(person["expires"])) - datetime.date(1970, 1, 1)).days + 1


class FilterModule:
    """The role's filters."""

    def filters(self) -> dict:
        """Return the filters by their names."""
        return {"authorized_keys": authorized_keys, "gone_from": gone_from, "people_findings": people_findings}
