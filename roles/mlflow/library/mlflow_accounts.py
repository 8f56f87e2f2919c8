#!/usr/bin/python
"""Make the accounts of an MLflow server, and what they may do, as they should be."""

DOCUMENTATION = r"""
module: mlflow_accounts
short_description: Accounts, roles and workspaces of an MLflow server with basic-auth
description:
  - Makes the accounts that are missing, each with a first password that is kept on the server, and removes those of who
    left. A password that its owner has changed since stays as it is.
  - Gives each account its role in each of its workspaces, and takes it back in all others.
  - In each workspace, two of MLflow's roles stand for the two words. V(user) may make experiments and models, owns what
    she makes, and has O(default_permission) for the rest. V(reader) sees all and changes nothing.
  - Asks the server's own API, with few requests for many people. Accounts, roles and workspaces that it was not told of
    are left alone.
options:
  socket:
    description: Unix socket where the server answers. It needs C(MLFLOW_ENABLE_WORKSPACES).
    type: path
    required: true
  admin_password:
    description: Password of MLflow's own administrator C(admin).
    type: str
    required: true
  accounts:
    description: Who has an account.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name to log in with.
        type: str
        required: true
      role:
        description: V(admin) sees and changes everything, in every workspace.
        type: str
        choices: [admin, user, reader]
        default: user
      workspaces:
        description: Names of the workspaces that she is in. Those that are missing are made.
        type: list
        elements: str
        default: [default]
  default_permission:
    description: >-
      What a V(user) may do with the experiments and models of others. It is granted, for MLflow 3.17.2 applies the
      setting of that name to searches alone where workspaces are on.
    type: str
    choices: [READ, USE, EDIT, MANAGE]
    default: READ
  absent:
    description: Names of those who have none.
    type: list
    elements: str
    default: []
  passwords:
    description: Folder that keeps the first passwords, each in a file C(NAME.password) that its owner, root, alone reads.
    type: path
    required: true
author: mlflow-lab contributors
attributes:
  check_mode:
    description: Asks, and says what would be changed. Changes nothing.
    support: full
notes:
  - The first passwords are in the result. Use C(no_log).
"""

EXAMPLES = r"""
- name: Make the accounts as they should be (not logged)
  mlflow_accounts:
    socket: /run/mlflow/mlflow.sock
    admin_password: "{{ password }}"
    passwords: /etc/mlflow/accounts
    accounts:
      - name: alice
        role: admin
      - name: bob
        workspaces: [default, ocean]
    absent: [carol]
  register: made
  no_log: true
"""

RETURN = r"""
passwords:
  description: The first password of each account. In check mode, that of an account that is still to be made is a dash.
  returned: success
  type: dict
changes:
  description: What was changed, or in check mode would be, in words.
  returned: success
  type: list
  elements: str
revoked:
  description: >-
    Whose login was taken away or replaced. Each of the server's workers may remember it until
    C(auth_cache_ttl_seconds) are over.
  returned: success
  type: list
  elements: str
"""

import base64
import http.client
import json
import os
import secrets
import socket
from pathlib import Path
from urllib.parse import urlencode

from ansible.module_utils.basic import AnsibleModule

USERS = "/api/2.0/mlflow/users"
ROLES = "/api/3.0/mlflow/roles"
WORKSPACES = "/api/3.0/mlflow/workspaces"

KINDS = ("experiment", "registered_model", "prompt", "scorer")


def roles_of(default_permission):
    """Return what each role grants: to be in the workspace and make things there, and what to do with all of a kind."""
    return {
        "user": {"workspace": "USE"} | dict.fromkeys(KINDS, default_permission),
        "reader": dict.fromkeys(KINDS, "READ"),
    }


class Refusal(Exception):
    """What the server does not do, said in words."""


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """MLflow's API, as its administrator."""

    def __init__(self, path, password):
        self.path = path
        login = base64.b64encode(f"admin:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        connection = Connection(self.path)
        try:
            connection.request(method, path, json.dumps(body) if body else None, self.headers)
            answer = connection.getresponse()
            text = answer.read()
        except OSError as problem:
            raise Refusal(f"MLflow does not answer at {self.path}: {problem}") from problem
        finally:
            connection.close()
        if answer.status not in (200, 201, 204):
            # Of the text only the code: what MLflow says of an account may hold the password's hash.
            raise Refusal(f"MLflow answers {answer.status} {error_code(text)} to {method} {path}.")
        return json.loads(text) if text.strip().startswith(b"{") else {}

    def get(self, path, **query):
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)


def error_code(text):
    """Return MLflow's name for an error, or nothing where it gives none."""
    try:
        return json.loads(text)["error_code"]
    except (ValueError, KeyError, TypeError):
        return ""


class Keeper:
    """Compares what the server has with what it should have, and mends that unless it may only look."""

    def __init__(self, server, folder, check_mode):
        self.server = server
        self.folder = Path(folder)
        self.check_mode = check_mode
        self.found = {user["username"]: user for user in server.get(f"{USERS}/list")["users"]}
        self.changes = []
        self.revoked = []

    def change(self, what, method, path, body):
        self.changes.append(what)
        return {} if self.check_mode else self.server.call(method, path, body)

    def file_of(self, name):
        return self.folder / f"{name}.password"

    def first_password(self, name):
        """Return it, and whether it was made just now."""
        file = self.file_of(name)
        if file.exists():
            return file.read_text().strip(), False
        self.changes.append(f"made a first password for {name}")
        if self.check_mode:
            return "-", True
        password = secrets.token_hex(16)
        whole = file.with_suffix(".new")
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as text:
            text.write(f"{password}\n")
        whole.rename(file)
        return password, True

    def accounts(self, wanted):
        """Make the accounts; return their first passwords."""
        passwords = {}
        for account in wanted:
            name, admin = account["name"], account["role"] == "admin"
            passwords[name], is_new = self.first_password(name)
            login = {"username": name, "password": passwords[name]}
            if name not in self.found:
                self.change(f"made account {name}", "POST", f"{USERS}/create", login)
            elif is_new:  # it was lost: after a restore on another host, for instance
                self.change(f"gave {name} a new password", "PATCH", f"{USERS}/update-password", login)
                self.revoked.append(name)
            if admin != self.found.get(name, {"is_admin": False})["is_admin"]:
                words = f"made {name} an admin" if admin else f"made {name} no admin any more"
                self.change(words, "PATCH", f"{USERS}/update-admin", {"username": name, "is_admin": admin})
                if not admin:
                    self.revoked.append(name)
        return passwords

    def leavers(self, names):
        """Remove the accounts of those who left; their runs stay."""
        for name in names:
            if name in self.found:
                self.change(f"removed account {name}", "DELETE", f"{USERS}/delete", {"username": name})
                self.revoked.append(name)
            if self.file_of(name).exists():
                self.changes.append(f"removed the first password of {name}")
                if not self.check_mode:
                    self.file_of(name).unlink()

    def workspaces(self, names):
        """Make the workspaces that are missing; return the names of all."""
        found = [workspace["name"] for workspace in self.server.get(WORKSPACES).get("workspaces", [])]
        missing = sorted(set(names) - set(found))
        for name in missing:
            self.change(f"made workspace {name}", "POST", WORKSPACES, {"name": name})
        return found + missing

    def roles(self, workspace, wanted):
        """Make a workspace's roles as they should be; return their ids by name. One that is still missing has none."""
        known = {role["name"]: role for role in self.found_roles(workspace)}
        ids = {}
        for name, grants in wanted.items():
            role = known.get(name) or self.change(
                f"made role {name} in {workspace}", "POST", f"{ROLES}/create", {"name": name, "workspace": workspace}
            ).get("role", {})
            ids[name] = role.get("id")
            self.grants(f"a {name} of {workspace}", ids[name], role.get("permissions", []), grants)
        return ids

    def grants(self, who, role_id, found, wanted):
        """Make what a role grants for all of a kind as it should be. Grants for one thing are somebody else's."""
        wide = [grant for grant in found if grant["resource_pattern"] == "*"]
        has = {(grant["resource_type"], grant["permission"]): grant["id"] for grant in wide}
        for kind, permission in sorted(wanted.items() - has.keys()):
            grant = {"role_id": role_id, "resource_type": kind, "resource_pattern": "*", "permission": permission}
            self.change(f"let {who} {permission} each {kind}", "POST", f"{ROLES}/permissions/add", grant)
        for kind, permission in sorted(has.keys() - wanted.items()):
            grant = {"role_permission_id": has[kind, permission]}
            self.change(f"let {who} {permission} no {kind} any more", "DELETE", f"{ROLES}/permissions/remove", grant)

    def found_roles(self, workspace):
        if self.check_mode and f"made workspace {workspace}" in self.changes:
            return []
        return self.server.get(f"{ROLES}/list", workspace=workspace)["roles"]

    def members(self, workspace, role, role_id, wanted, ours):
        """Give a role to those who should have it; take it from those of ours who should not."""
        answer = self.server.get(f"{ROLES}/users/list", role_id=role_id) if role_id else {}
        ids = {assignment["user_id"] for assignment in answer.get("assignments", [])}
        found = {name for name, user in self.found.items() if user["id"] in ids}
        for name in sorted(wanted - found):
            body = {"role_id": role_id, "username": name}
            self.change(f"made {name} a {role} of {workspace}", "POST", f"{ROLES}/assign", body)
        for name in sorted((found & ours) - wanted):
            body = {"role_id": role_id, "username": name}
            self.change(f"made {name} no {role} of {workspace} any more", "DELETE", f"{ROLES}/unassign", body)


def ensure(server, accounts, default_permission, absent, folder, check_mode):
    keeper = Keeper(server, folder, check_mode)
    keeper.leavers(absent)
    passwords = keeper.accounts(accounts)
    ours = {account["name"] for account in accounts}
    for workspace in keeper.workspaces(name for account in accounts for name in account["workspaces"]):
        for role, role_id in keeper.roles(workspace, roles_of(default_permission)).items():
            wanted = {
                account["name"]
                for account in accounts
                if account["role"] == role and workspace in account["workspaces"]
            }
            keeper.members(workspace, role, role_id, wanted, ours)
    return {
        "changed": bool(keeper.changes),
        "changes": keeper.changes,
        "passwords": passwords,
        "revoked": keeper.revoked,
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "required": True},
            "admin_password": {"type": "str", "required": True, "no_log": True},
            "accounts": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "role": {"type": "str", "choices": ["admin", "user", "reader"], "default": "user"},
                    "workspaces": {"type": "list", "elements": "str", "default": ["default"]},
                },
            },
            "default_permission": {
                "type": "str",
                "choices": ["READ", "USE", "EDIT", "MANAGE"],
                "default": "READ",
            },
            "absent": {"type": "list", "elements": "str", "default": []},
            "passwords": {"type": "path", "required": True, "no_log": False},
        },
        supports_check_mode=True,
    )
    given = module.params
    server = Server(given["socket"], given["admin_password"])
    try:
        result = ensure(
            server,
            given["accounts"],
            given["default_permission"],
            given["absent"],
            given["passwords"],
            module.check_mode,
        )
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
