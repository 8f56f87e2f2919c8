"""Filters over what a lab says of itself."""

from __future__ import annotations

import datetime
import difflib
import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load


def contracts(role_path: str) -> list[str]:
    """Return the paths of all roles' meta/argument_specs.yml, from the path of one of the roles."""
    return sorted(map(str, Path(role_path).parent.glob("*/meta/argument_specs.yml")))


def documented_variables(path: str) -> list[str]:
    """Return the names of a role's options, from the path of its meta/argument_specs.yml."""
    return list(yaml_load(Path(path).read_text())["argument_specs"]["main"]["options"])


def given(options: dict[str, dict], names: Iterable[str]) -> dict[str, dict]:
    """Return, of a contract's options, those in `names`, none of them required: what can be checked before it is used."""
    return {name: option | {"required": False} for name, option in options.items() if name in names}


def closest(name: str, known: list[str]) -> str:
    """Return the name in `known` that looks most like `name`, or an empty string where none does."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def as_of(people: object, today: datetime.date) -> object:
    """Return the people, with those absent whose last day is over. What is no list of people stays as it is."""
    if not isinstance(people, list):
        return people
    return [
        person | {"state": "absent"}
        if isinstance(person, dict) and str(person.get("expires", today)) < today.isoformat()
        else person
        for person in people
    ]


def inner_address(host: dict) -> str:
    """Return the address by which a lab's other hosts reach a host, from its variables: the cloud's, if there is one."""
    return host.get("openstack", {}).get("private_v4") or host["ansible_host"]


def door(tunnel_door: dict, addresses: Iterable[str]) -> dict:
    """Return what the firewall is to know of one of the role tunnel's doors, and of who may come to it."""
    return {"port": tunnel_door["port"], "networks": [str(ipaddress.ip_network(address)) for address in addresses]}


def member(name: str, hostvars: dict[str, dict]) -> dict:
    """Return name and inner address of the host of that name, as the roles tunnel and patroni want to know it."""
    return {"name": name, "address": inner_address(hostvars[name])}


def tracking_way(name: str, hostvars: dict[str, dict], folder: str) -> dict:
    """Return the role tunnel's way to the tracking server on the host of that name."""
    way = {"name": f"mlflow-{name}", "socket": f"{folder}/mlflow-{name}.sock", "port": 5443}
    return way | {"hosts": [member(name, hostvars)]}


def mlflow_accounts(people: list[dict]) -> list[dict]:
    """Return what the role mlflow wants to know of each of the people: name, role, workspaces, last day and state."""
    return [
        {
            "name": person["name"],
            "role": person.get("mlflow", "user"),
            "workspaces": person.get("workspaces", ["default"]),
            "state": person.get("state", "present"),
        }
        | ({"expires": str(person["expires"])} if "expires" in person else {})
        for person in people
    ]


def client_env_people(accounts: list[dict], passwords: dict[str, str]) -> list[dict]:
    """Return what the role client_env wants to know of those who have a password: name, password and workspace."""
    return [
        {"name": account["name"], "password": passwords[account["name"]], "workspace": account["workspaces"][0]}
        for account in accounts
        if account["name"] in passwords
    ]


def admin_keys(people: list[dict]) -> list[str]:
    """Return the SSH keys of those who are admins of the server."""
    admins = [person for person in people if person.get("ssh") == "admin" and person.get("state") != "absent"]
    return [key for person in admins for key in person.get("ssh_keys", [])]


def from_anywhere(networks: list[str]) -> bool:
    """Tell whether these networks in CIDR notation hold so much of the internet that they keep nobody out.

    The largest that are in one hand are a /8 of IPv4 and a /16 of IPv6. No network at all means every one.
    """
    parsed = [ipaddress.ip_network(network) for network in networks]
    parts = [
        part
        for version in (4, 6)
        for part in ipaddress.collapse_addresses(one for one in parsed if one.version == version)
    ]
    return not parts or any(part.prefixlen < {4: 8, 6: 16}[part.version] for part in parts)


def in_lab_words(message: str, words: dict[str, str]) -> str:
    """Return a role's message with the role's variables renamed to those that a lab's inventory has."""
    return re.sub(r"\w+", lambda match: words.get(match[0], match[0]), message)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict:
        """Return the filters by name."""
        return {
            "admin_keys": admin_keys,
            "as_of": as_of,
            "client_env_people": client_env_people,
            "closest": closest,
            "contracts": contracts,
            "documented_variables": documented_variables,
            "door": door,
            "from_anywhere": from_anywhere,
            "given": given,
            "in_lab_words": in_lab_words,
            "inner_address": inner_address,
            "member": member,
            "mlflow_accounts": mlflow_accounts,
            "tracking_way": tracking_way,
        }
