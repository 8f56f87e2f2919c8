"""Unit tests of roles/people/filter_plugins/people.py: what is found, and in which words."""

import datetime
import subprocess
from pathlib import Path

import pytest
from conftest import plugin

module = plugin("people/filter_plugins/people.py")

NO_ADMIN = (
    "people: found nobody who is present, with ssh: admin and a valid key. "
    "The last admin's key can't be removed: give another person ssh: admin and a key first."
)
OPTIONS = "name, ssh_keys, ssh, mlflow, state, workspaces, expires"
RENEW = "Make a new key with ssh-keygen -t ed25519 and paste the whole line of its .pub file."


@pytest.fixture(scope="session")
def make_key(tmp_path_factory):
    """Return a function that makes a key pair once and returns the private key's path."""
    folder = tmp_path_factory.mktemp("keys")

    def make(name: str, *options: str) -> Path:
        path = folder / name
        if not path.exists():
            kind = options or ("-t", "ed25519")
            subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", f"{name}@laptop", "-f", path, *kind], check=True)
        return path

    return make


@pytest.fixture(scope="session")
def public(make_key):
    """Return a function that returns a person's public key."""
    return lambda name, *options: make_key(name, *options).with_suffix(".pub").read_text()


@pytest.fixture
def findings(public):
    """Return a function that lists what is wrong with some people beside one admin, who is all right."""

    def check(*people: object) -> list[str]:
        admin = {"name": "alice", "ssh_keys": [public("alice")], "ssh": "admin"}
        return module.people_findings([admin, *people], "debian")

    return check


def test_nothing_is_wrong(findings, public):
    assert not findings(
        {"name": "bob", "ssh_keys": [public("bob"), public("bob-ecdsa", "-t", "ecdsa")], "mlflow": "admin"},
        {"name": "carol", "ssh_keys": [public("carol", "-t", "rsa", "-b", "2048")], "ssh": "tunnel"},
        {"name": "dave", "ssh": "none", "mlflow": "reader", "workspaces": ["default", "sea-ice"]},
        {"name": "frank", "ssh": "none", "expires": "2027-06-30"},
        {"name": "grace", "ssh": "none", "expires": datetime.date(2020, 2, 29)},
        {"name": "erin", "state": "absent"},
        {"name": "a" * 32, "ssh": "none", "mlflow": "none"},
    )


@pytest.mark.parametrize(
    ("people", "found"),
    [
        (None, "nothing"),
        ("alice", "text"),
        ({"alice": {}}, "a dictionary"),
        (3, "a number"),
        (True, "true (unquoted yes, no, on and off mean that in YAML)"),
    ],
)
def test_people_are_a_list(people, found):
    assert module.people_findings(people) == [
        f"people: found {found}, not a list. Write one item for each person: - name: alice."
    ]


def test_a_person_is_a_dictionary(findings):
    assert findings("bob", ["bob"], None) == [
        f"people[{index}]: found {found}, not a person. Write for instance - name: alice."
        for index, found in enumerate(("text", "a list", "nothing"), 1)
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Bob", "'Bob'"),
        ("bob.smith", "'bob.smith'"),
        ("1bob", "'1bob'"),
        ("bob\n", r"'bob\n'"),
        ("", "''"),
        ("b" * 33, f"'{'b' * 33}'"),
        ("b" * 200, "text"),
        (7, "a number"),
        (False, "false (unquoted yes, no, on and off mean that in YAML)"),
        (["bob"], "a list"),
    ],
)
def test_a_name_is_a_linux_user_name(findings, name, found):
    assert findings({"name": name, "ssh": "none"}) == [
        (
            f"people[1], name: found {found}, which is no Linux user name. "
            "Write a small letter, then up to 31 small letters, digits, - and _, e.g. alice."
        )
    ]


def test_a_person_has_a_name(findings):
    assert findings({"ssh": "none"}) == [
        "people[1], name: found none. Write the name of her account on the server, e.g. alice."
    ]


@pytest.mark.parametrize("name", ["root", "postgres", "mlflow", "caddy", "daemon", "ubuntu", "systemd-network", "_apt"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_system_accounts_are_reserved(findings, name, state):
    assert findings({"name": name, "ssh": "none", "state": state}) == [
        f"people[1], name: found '{name}', which is kept for a system account. Write another name."
    ]


def test_the_account_that_logs_deployments_is_nobodys(findings):
    assert findings({"name": "deployment-check", "ssh": "none"}) == [
        "people[1], name: found 'deployment-check', which logs each deployment's own run. Write the name of a person."
    ]


def test_admin_is_reserved_for_mlflow(findings):
    assert findings({"name": "admin", "ssh": "none"}) == [
        "people[1], name: found 'admin', which is MLflow's own administrator. Write the name of a person."
    ]


def test_ansible_does_not_manage_its_own_user(findings):
    assert findings({"name": "debian", "ssh": "none"}) == [
        "people[1], name: found 'debian', whom Ansible itself logs in as (people_login_user). Write another name."
    ]


def test_a_name_is_there_once(findings):
    assert findings({"name": "alice", "state": "absent"}) == [
        "people[1], name: found 'alice', as in people[0]. Keep one entry for each person."
    ]


def test_options_are_known(findings):
    assert findings({"name": "bob", "ssh": "none", "sshkeys": [], "shoe_size": 38, 5: ""}) == [
        "people[1] bob: found the unknown option 'sshkeys'. Write ssh_keys.",
        f"people[1] bob: found the unknown option 'shoe_size'. Write one of {OPTIONS}.",
        f"people[1] bob: found the unknown option a number. Write one of {OPTIONS}.",
    ]


def test_choices_are_known(findings):
    assert findings({"name": "bob", "ssh": "root", "mlflow": False, "state": ["absent"]}) == [
        "people[1] bob, ssh: found 'root'. Write one of admin, shell, tunnel, none.",
        (
            "people[1] bob, mlflow: found false (unquoted yes, no, on and off mean that in YAML). "
            "Write one of admin, user, reader, none."
        ),
        "people[1] bob, state: found a list. Write one of present, absent.",
    ]


@pytest.mark.parametrize(
    ("expires", "found"),
    [
        ("30.6.2027", "'30.6.2027'"),
        ("2027-02-30", "'2027-02-30'"),
        ("20270630", "'20270630'"),
        (2027, "a number"),
        (None, "nothing"),
        (datetime.datetime(2027, 6, 30, 12), "a datetime"),
    ],
)
def test_a_last_day_is_a_date(findings, expires, found):
    assert findings({"name": "bob", "ssh": "none", "expires": expires}) == [
        f"people[1] bob, expires: found {found}, which is no date. Write her last day, e.g. 2027-06-30."
    ]


@pytest.mark.parametrize("name", ["Ocean", "o", "sea_ice", "-ice", "ice-", "api", "a" * 64])
def test_a_workspace_has_a_name_that_mlflow_takes(findings, name):
    found = repr(name) if len(name) <= 40 else "text"
    assert findings({"name": "bob", "ssh": "none", "workspaces": ["ocean", name]}) == [
        (
            f"people[1] bob, workspaces[1]: found {found}, which cannot name a workspace. "
            "Write 2 to 63 small letters, digits and -, e.g. ocean."
        )
    ]


@pytest.mark.parametrize(("workspaces", "found"), [([], "none"), ("ocean", "text, not a list")])
def test_workspaces_are_a_list(findings, workspaces, found):
    assert findings({"name": "bob", "ssh": "none", "workspaces": workspaces}) == [
        f"people[1] bob, workspaces: found {found}. Write [default], or leave it out."
    ]


@pytest.mark.parametrize(("keys", "found"), [("ssh-ed25519 AAAA", "text"), (None, "nothing"), ({}, "a dictionary")])
def test_keys_are_a_list(findings, keys, found):
    assert findings({"name": "bob", "ssh_keys": keys}) == [
        f'people[1] bob, ssh_keys: found {found}, not a list. Write [] or ["ssh-ed25519 AAAA… her-laptop"].'
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "ssh-ed25519 notakey",
            (
                "found 'ssh-ed25519 notakey', which is no SSH public key (ssh-keygen -l refuses it). "
                "Paste the whole line of the .pub file."
            ),
        ),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… bob@laptop",
            (
                "found 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… b…', which is no SSH public key (ssh-keygen -l refuses it). "
                "Paste the whole line of the .pub file."
            ),
        ),
        (
            "~/.ssh/id_ed25519.pub",
            (
                "found '~/.ssh/id_ed25519.pub', which is no SSH public key: those begin with e.g. ssh-ed25519. "
                "Paste the whole line of the .pub file."
            ),
        ),
        (
            "c2VjcmV0" * 9,
            (
                "found 72 characters (not shown), which is no SSH public key: those begin with e.g. ssh-ed25519. "
                "Paste the whole line of the .pub file."
            ),
        ),
        (" \n", "found an empty text. Paste the whole line of the .pub file, or remove the item."),
        ({"key": "ssh-ed25519"}, "found a dictionary, not text. Paste the whole line of the .pub file, in quotes."),
        ("ssh-dss AAAAB3NzaC1kc3M= bob", f"found a DSA key, which is weak and which OpenSSH no longer takes. {RENEW}"),
    ],
)
def test_a_key_is_a_public_key(findings, key, message):
    assert findings({"name": "bob", "ssh_keys": [key]}) == [f"people[1] bob, ssh_keys[0]: {message}"]


def test_weak_keys_are_refused(findings, public):
    assert findings({"name": "bob", "ssh_keys": [public("weak", "-t", "rsa", "-b", "1024")]}) == [
        f"people[1] bob, ssh_keys[0]: found an RSA key of 1024 bits, which is weak: 2048 is the least. {RENEW}"
    ]


def test_options_of_a_key_are_refused(findings, public):
    assert findings({"name": "bob", "ssh_keys": [f'from="10.0.0.0/8",command="x y" {public("bob")}']}) == [
        (
            "people[1] bob, ssh_keys[0]: found options before the key; this role sets them itself, after `ssh`. "
            "Begin with the type of the key, e.g. ssh-ed25519."
        )
    ]


def test_a_key_is_one_line(findings, public):
    assert findings({"name": "bob", "ssh_keys": [public("bob") + public("bob2")]}) == [
        (
            "people[1] bob, ssh_keys[0]: found several lines. "
            "Paste the whole line of the .pub file, each key as an item of its own."
        )
    ]


@pytest.mark.parametrize("form", ["whole", "one line", "without header", "PEM"])
def test_a_private_key_is_not_repeated(findings, make_key, form):
    options = ("-t", "rsa", "-m", "PEM") if form == "PEM" else ("-t", "ed25519")
    secret = make_key(f"secret-{options[1]}", *options).read_text()
    forms = {"one line": " ".join(secret.split()), "without header": "".join(secret.splitlines()[1:-1])}
    assert findings({"name": "bob", "ssh_keys": [forms.get(form, secret)]}) == [
        f"people[1] bob, ssh_keys[0]: found a private key (not shown); whoever reads the inventory has it now. {RENEW}"
    ]


def test_a_key_belongs_to_one_person(findings, public):
    again = public("alice").replace("alice@laptop", "bob@laptop")
    assert findings(
        {"name": "bob", "ssh_keys": [public("bob"), again]}, {"name": "carol", "ssh_keys": [public("bob").strip()]}
    ) == [
        "people[1] bob, ssh_keys[1]: found the same key as in people[0] alice, ssh_keys[0]. Keep it in one place.",
        "people[2] carol, ssh_keys[0]: found the same key as in people[1] bob, ssh_keys[0]. Keep it in one place.",
    ]


@pytest.mark.parametrize(("person", "ssh"), [({}, "shell"), ({"ssh": "tunnel", "ssh_keys": []}, "tunnel")])
def test_ssh_needs_a_key(findings, person, ssh):
    assert findings({"name": "bob", **person}) == [
        (
            f"people[1] bob, ssh_keys: found none, but ssh is {ssh}. "
            "Paste the whole line of the .pub file, or write ssh: none."
        )
    ]


@pytest.mark.parametrize("change", [{"ssh": "shell"}, {"state": "absent"}])
def test_the_last_admin_stays(public, change):
    admin = {"name": "alice", "ssh_keys": [public("alice")], "ssh": "admin"}
    assert module.people_findings([admin | change]) == [NO_ADMIN]


def test_nobody_is_no_admin():
    assert module.people_findings([]) == [NO_ADMIN]


def test_all_is_told_at_once(public):
    assert module.people_findings(
        [{"name": "alice", "ssh": "admin", "ssh_keys": ["ssh-ed25519 notakey"]}, {"name": "root", "ssh": "no"}, 3]
    ) == [
        (
            "people[0] alice, ssh_keys[0]: found 'ssh-ed25519 notakey', which is no SSH public key "
            "(ssh-keygen -l refuses it). Paste the whole line of the .pub file."
        ),
        "people[1], name: found 'root', which is kept for a system account. Write another name.",
        "people[1], ssh: found 'no'. Write one of admin, shell, tunnel, none.",
        "people[2]: found a number, not a person. Write for instance - name: alice.",
        NO_ADMIN,
    ]


def test_without_ssh_keygen_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert module.people_findings([]) == [
        "ssh-keygen: found nowhere on this machine, so no key can be checked. Install OpenSSH's client."
    ]


@pytest.mark.parametrize(
    ("person", "text"),
    [
        (
            {"ssh": "shell", "ssh_keys": ["ssh-ed25519 AAAA  bob  at home ", "ssh-rsa BBBB"]},
            "ssh-ed25519 AAAA bob at home\nssh-rsa BBBB \n",
        ),
        ({"ssh": "tunnel", "ssh_keys": ["ssh-ed25519 AAAA bob"]}, "restrict ssh-ed25519 AAAA bob\n"),
        ({"ssh": "none", "ssh_keys": ["ssh-ed25519 AAAA bob"]}, ""),
    ],
)
def test_keys_have_the_options_of_her_access(person, text):
    assert module.authorized_keys(person, {"tunnel": "restrict"}) == text


@pytest.mark.parametrize(
    ("person", "day"),
    [({}, ""), ({"expires": "2020-02-29"}, 18322), ({"expires": datetime.date(2020, 2, 29)}, 18322)],
)
def test_a_last_day_is_told_as_the_host_counts(person, day):
    assert module.gone_from(person) == day
