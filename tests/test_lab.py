"""Unit tests of roles/lab/filter_plugins/lab.py."""

import datetime

import pytest
from conftest import plugin

module = plugin("lab/filter_plugins/lab.py")

WORDS = {"object_store_bucket": "lab_bucket", "object_store_cloud": "lab_cloud", "people_accounts": "people"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lab_nmae", "lab_name"),
        ("lab_domian", "lab_domain"),
        ("lab_name", "lab_name"),
        ("mlflow_port", ""),
        ("", ""),
    ],
)
def test_closest_is_what_was_meant(name, found):
    assert module.closest(name, ["lab_name", "lab_domain", "people_accounts"]) == found


def test_closest_of_nothing_is_nothing():
    assert module.closest("lab_name", []) == ""


def test_contracts_are_those_of_all_roles(tmp_path):
    for name in (
        "web/meta/argument_specs.yml",
        "lab/meta/argument_specs.yml",
        "web/meta/main.yml",
        "new/tasks/main.yml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert module.contracts(str(tmp_path / "lab")) == [
        f"{tmp_path}/lab/meta/argument_specs.yml",
        f"{tmp_path}/web/meta/argument_specs.yml",
    ]


def test_given_are_the_options_that_can_be_checked_already():
    options = {"lab_name": {"type": "str", "required": True}, "lab_domain": {"type": "str"}}
    assert module.given(options, ["lab_name", "people"]) == {"lab_name": {"type": "str", "required": False}}


def test_documented_variables_are_the_options_in_their_order(tmp_path):
    path = tmp_path / "argument_specs.yml"
    path.write_text("""
argument_specs:
  main:
    options:
      web_domain: {type: str}
      web_address:
        type: list
        options:
          inner: {type: str}
""")
    assert module.documented_variables(str(path)) == ["web_domain", "web_address"]


def test_mlflow_is_told_of_everybody():
    people = [
        {"name": "alice", "ssh": "admin", "mlflow": "admin", "ssh_keys": ["ssh-ed25519 AAAA"]},
        {"name": "bob"},
        {"name": "carol", "mlflow": "none", "workspaces": ["ocean", "ice"]},
        {"name": "dave", "mlflow": "admin", "state": "absent"},
        {"name": "erin", "expires": "2027-06-30"},
        {"name": "frank", "expires": datetime.date(2027, 6, 30)},
    ]
    assert module.mlflow_accounts(people) == [
        {"name": "alice", "role": "admin", "workspaces": ["default"], "state": "present"},
        {"name": "bob", "role": "user", "workspaces": ["default"], "state": "present"},
        {"name": "carol", "role": "none", "workspaces": ["ocean", "ice"], "state": "present"},
        {"name": "dave", "role": "admin", "workspaces": ["default"], "state": "absent"},
        {"name": "erin", "role": "user", "workspaces": ["default"], "state": "present", "expires": "2027-06-30"},
        {"name": "frank", "role": "user", "workspaces": ["default"], "state": "present", "expires": "2027-06-30"},
    ]


def test_mlflow_is_told_of_nobody():
    assert module.mlflow_accounts([]) == []


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("object_store_bucket: found 'X'.", "lab_bucket: found 'X'."),
        ("people_accounts[1], name: found none.", "people[1], name: found none."),
        ("object_store_bucket and object_store_cloud", "lab_bucket and lab_cloud"),
        ("object_store_bucket_name, my_object_store_bucket", "object_store_bucket_name, my_object_store_bucket"),
        ("line one\npeople_accounts", "line one\npeople"),
        ("Réseau: people_accounts…", "Réseau: people…"),
        ("", ""),
    ],
)
def test_a_message_is_told_in_the_labs_words(message, told):
    assert module.in_lab_words(message, WORDS) == told


TODAY = datetime.date(2027, 6, 30)


@pytest.mark.parametrize(
    ("last_day", "is_over"),
    [("2027-06-29", True), ("2027-06-30", False), (datetime.date(2027, 6, 29), True), (TODAY, False)],
)
def test_who_is_over_her_last_day_is_absent(last_day, is_over):
    person = {"name": "bob", "expires": last_day}
    assert module.as_of([person], TODAY) == [person | {"state": "absent"} if is_over else person]


@pytest.mark.parametrize("people", [None, "alice", {"alice": {}}, [None, "alice", {"name": "alice"}]])
def test_what_has_no_last_day_stays_as_it_is(people):
    assert module.as_of(people, TODAY) == people


def test_programs_log_to_the_first_workspace_of_who_has_a_password():
    accounts = [
        {"name": "alice", "workspaces": ["ocean", "default"]},
        {"name": "bob", "workspaces": ["default"]},
    ]
    assert module.client_env_people(accounts, {"alice": "secret"}) == [
        {"name": "alice", "password": "secret", "workspace": "ocean"}
    ]


HOSTS = {
    "first": {"ansible_host": "203.0.113.7", "openstack": {"private_v4": "192.168.1.7"}},
    "second": {"ansible_host": "192.0.2.8"},
}


def test_hosts_reach_each_other_inside_the_cloud_where_they_are_in_one():
    assert [module.inner_address(host) for host in HOSTS.values()] == ["192.168.1.7", "192.0.2.8"]


def test_a_door_is_open_to_the_other_hosts_alone():
    door = {"name": "mlflow", "port": 5443, "socket": "/run/mlflow/mlflow.sock"}
    assert module.door(door, ["192.0.2.8", "2001:db8::8"]) == {
        "port": 5443,
        "networks": ["192.0.2.8/32", "2001:db8::8/128"],
    }


def test_a_member_is_known_by_its_name_and_inner_address():
    assert module.member("first", HOSTS) == {"name": "first", "address": "192.168.1.7"}


def test_a_way_leads_to_the_other_hosts_door():
    assert module.tracking_way("first", HOSTS, "/run/mlflow-tunnel") == {
        "name": "mlflow-first",
        "socket": "/run/mlflow-tunnel/mlflow-first.sock",
        "port": 5443,
        "hosts": [{"name": "first", "address": "192.168.1.7"}],
    }


def test_ansible_finds_each_filter_by_its_name():
    assert {name: function.__name__ for name, function in module.FilterModule().filters().items()} == {
        "admin_keys": "admin_keys",
        "as_of": "as_of",
        "client_env_people": "client_env_people",
        "closest": "closest",
        "contracts": "contracts",
        "documented_variables": "documented_variables",
        "door": "door",
        "from_anywhere": "from_anywhere",
        "given": "given",
        "in_lab_words": "in_lab_words",
        "inner_address": "inner_address",
        "member": "member",
        "mlflow_accounts": "mlflow_accounts",
        "tracking_way": "tracking_way",
    }


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([], True),
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["142.104.0.0/16", "0.0.0.0/0"], True),
        (["142.104.0.0/16", "2000::/15"], True),
        (["12.0.0.0/8", "13.0.0.0/8"], True),
        (["12.0.0.0/8"], False),
        (["142.104.0.0/16", "2001:db8::/32", "192.0.2.7/32"], False),
    ],
)
def test_ssh_is_open_to_anybody_where_the_networks_are_too_large(networks, expected):
    assert module.from_anywhere(networks) == expected
