"""What the module server_plan chooses from a project, and what it minds."""

import copy

import pytest
from conftest import plugin

module = plugin("openstack_server/library/server_plan.py")

PURPOSE = "mlflow-lab uvic-climate"
WANT = {
    "name": "mlflow",
    "purpose": PURPOSE,
    "admin_networks": ["142.104.0.0/16"],
    "flavor": "p4-6gb",
    "image": "Debian-12*",
    "login_user": "",
    "network": "",
    "subnet": "",
    "external_network": "",
    "floating_ip": "",
    "boot_volume_size": 0,
    "data_volume_size": 50,
    "volume_type": "",
}
EMPTY = {
    "servers": [],
    "ports": [],
    "security_groups": [],
    "volumes": [],
    "floating_ips": [],
    "has_volumes": True,
    "volume_types": ["rbd1"],
    "flavors": [
        {"id": "f1", "name": "p1-1.5gb", "ram": 1536, "vcpus": 1, "disk": 20},
        {"id": "f4", "name": "p4-6gb", "ram": 6144, "vcpus": 4, "disk": 20},
        {"id": "f0", "name": "v4-6gb", "ram": 6144, "vcpus": 4, "disk": 0},
    ],
    "images": [
        {"id": "i1", "name": "Debian-12-2026-09", "status": "active", "created_at": "2026-09", "distribution": ""},
        {"id": "i2", "name": "Debian-12-2026-11", "status": "active", "created_at": "2026-11", "distribution": ""},
        {"id": "i3", "name": "Debian-12-2026-12", "status": "queued", "created_at": "2026-12", "distribution": ""},
        {"id": "i4", "name": "Ubuntu-24.04", "status": "active", "created_at": "2026-12", "distribution": "ubuntu"},
    ],
    "networks": [
        {"id": "n1", "name": "lab-network", "is_router_external": False},
        {"id": "n2", "name": "island", "is_router_external": False},
        {"id": "n9", "name": "Public-Network", "is_router_external": True},
    ],
    "subnets": [
        {"id": "s6", "name": "six", "network_id": "n1", "ip_version": 6, "is_dhcp_enabled": True},
        {"id": "s1", "name": "four", "network_id": "n1", "ip_version": 4, "is_dhcp_enabled": True},
        {"id": "s2", "name": "alone", "network_id": "n2", "ip_version": 4, "is_dhcp_enabled": True},
    ],
    "gateways": {"s1": "n9", "s6": "n9"},
    "quotas": {"instances": (10, 0), "cores": (25, 0), "floating IPs": (2, 0), "volumes": (10, 0)},
}
SERVER = {
    "id": "v1",
    "name": "mlflow",
    "status": "ACTIVE",
    "purpose": PURPOSE,
    "metadata": {"login_user": "debian"},
    "flavor": "p4-6gb",
    "is_stillborn": False,
    "fault": "",
}
PORT = {
    "id": "p1",
    "name": "mlflow",
    "purpose": PURPOSE,
    "network_id": "n1",
    "subnet_id": "s1",
    "address": "192.168.0.5",
}
GROUP = {"id": "g1", "name": "mlflow", "purpose": PURPOSE}
IP = {"id": "a1", "name": "134.87.8.10", "port_id": None, "purpose": ""}
VOLUME = {"id": "d1", "name": "mlflow-data", "purpose": PURPOSE, "size": 50, "status": "in-use", "server_id": "v1"}
COMPLETE = {
    "servers": [SERVER],
    "ports": [PORT],
    "security_groups": [GROUP],
    "floating_ips": [{**IP, "port_id": "p1"}],
    "volumes": [VOLUME],
}


def plan(project=(), **want):
    made = module.Plan({**WANT, **want})
    made.check_admin_networks()
    made.make({**copy.deepcopy(EMPTY), **dict(project)})
    return made


def test_an_empty_project_will_do():
    made = plan()
    assert made.findings == []
    assert {kind: made.chosen[kind]["id"] for kind in ("image", "flavor", "network", "subnet", "external_network")} == {
        "image": "i2",
        "flavor": "f4",
        "network": "n1",
        "subnet": "s1",
        "external_network": "n9",
    }
    assert made.chosen["login_user"] == "debian"
    assert made.chosen["floating_ip"] == made.chosen["server"] == made.chosen["port"] == {}


def test_a_complete_project_needs_nothing_though_all_is_used_up():
    full = dict.fromkeys(
        ["instances", "cores", "MiB of RAM", "floating IPs", "volumes", "GB of volumes", "ports"], (1, 1)
    )
    made = plan({**COMPLETE, "quotas": full, "images": []})
    assert made.findings == []
    assert [made.chosen[kind]["id"] for kind in ("server", "port", "floating_ip", "data_volume")] == [
        "v1",
        "p1",
        "a1",
        "d1",
    ]


def test_a_port_that_outlived_its_server_keeps_the_address():
    made = plan({**COMPLETE, "servers": [], "volumes": [{**VOLUME, "server_id": ""}]})
    assert made.findings == []
    assert made.chosen["floating_ip"]["name"] == "134.87.8.10"


@pytest.mark.parametrize(
    ("want", "begin", "words"),
    [
        ({"flavor": "p9"}, "flavor", "has no 'p9'. Big enough are: p4-6gb, v4-6gb."),
        ({"flavor": "p1-1.5gb"}, "flavor", "1536 MiB"),
        ({"flavor": "v4-6gb"}, "boot_volume_size", "Write 20"),
        ({"image": "Rocky*"}, "image", "The cloud has: Debian-12-2026-09, Debian-12-2026-11, Ubuntu-24.04."),
        ({"network": "lab"}, "network", "has no 'lab'. It has: island, lab-network."),
        ({"network": "island"}, "network", "Add it to a router"),
        ({"subnet": "alone"}, "subnet", "Possible are: four"),
        ({"external_network": "out"}, "external_network", "It has: Public-Network."),
        ({"floating_ip": "134.87.8.99"}, "floating_ip", "has no 134.87.8.99. It has: none."),
        ({"volume_type": "fast"}, "volume_type", "It has: rbd1."),
        ({"admin_networks": []}, "admin_networks", "found none"),
        ({"admin_networks": ["142.104.1.2/16"]}, "admin_networks", "Write 142.104.0.0/16."),
        ({"admin_networks": ["142.104.1.2"]}, "admin_networks", "Write 142.104.1.2/32."),
        ({"admin_networks": ["FILL-IN"]}, "admin_networks", "found 'FILL-IN'"),
    ],
)
def test_what_the_inventory_asks_for_in_vain(want, begin, words):
    findings = plan(**want).findings
    assert len(findings) == 1
    assert findings[0].startswith(f"openstack_server_{begin}: ")
    assert words in findings[0]


@pytest.mark.parametrize(
    ("project", "begin", "words"),
    [
        (
            {"servers": [{**SERVER, "purpose": ""}], "ports": [PORT]},
            "name",
            "server named mlflow that is not marked",
        ),
        ({"servers": [SERVER, {**SERVER, "id": "v2"}]}, "name", "2 servers named mlflow"),
        ({"servers": [{**SERVER, "flavor": "p2-3gb"}]}, "flavor", "has p2-3gb. Write that"),
        ({"servers": [{**SERVER, "status": "ERROR", "fault": "no disk"}]}, "name", "in ERROR (no disk)"),
        ({"volumes": [{**VOLUME, "server_id": "", "size": 80}]}, "data_volume_size", "write 80 or more"),
        ({"volumes": [VOLUME]}, "name", "attached to another server (v1)"),
        ({"has_volumes": False}, "data_volume_size", "offers no volumes. Write 0"),
        ({"gateways": {}}, "network", "no network with an IPv4 subnet"),
        ({"gateways": {"s1": "n9", "s2": "n9"}}, "network", "Write one of: island, lab-network."),
        ({"quotas": {"instances": (3, 3)}}, "cloud", "quota of instances is 3, 3 of them used, and 1 more"),
        ({"quotas": {"cores": (25, 22)}}, "cloud", "quota of cores is 25, 22 of them used, and 4 more"),
        ({"quotas": {"MiB of RAM": (8192, 4096)}}, "cloud", "and 6144 more"),
        ({"quotas": {"floating IPs": (2, 2)}}, "cloud", "quota of floating IPs"),
        ({"quotas": {"volumes": (2, 2)}}, "cloud", "quota of volumes"),
        ({"quotas": {"GB of volumes": (1000, 960)}}, "cloud", "and 50 more"),
    ],
)
def test_what_the_project_lacks_or_has_too_much(project, begin, words):
    findings = plan(project).findings
    assert len(findings) == 1
    assert findings[0].startswith(f"openstack_server_{begin}: ")
    assert words in findings[0]


def test_all_is_said_at_once():
    made = plan({"gateways": {}, "quotas": {"instances": (0, 0)}}, flavor="p9", image="none", admin_networks=["x"])
    assert len(made.findings) == 5


def test_an_unlimited_quota_is_enough():
    assert plan({"quotas": {"instances": (-1, 50)}}).findings == []


def test_a_server_that_never_ran_is_no_obstacle():
    assert (
        plan({"servers": [{**SERVER, "status": "ERROR", "is_stillborn": True, "flavor": "c64-512gb"}]}).findings == []
    )


def test_a_reserved_floating_ip_is_taken():
    made = plan({"floating_ips": [IP], "quotas": {"floating IPs": (1, 1)}}, floating_ip="134.87.8.10")
    assert made.findings == []
    assert made.chosen["floating_ip"]["id"] == "a1"


def test_a_floating_ip_in_use_is_not_taken():
    assert (
        "belongs to another port (p7)"
        in plan({"floating_ips": [{**IP, "port_id": "p7"}]}, floating_ip=IP["name"]).findings[0]
    )


def test_another_floating_ip_is_not_taken_away_silently():
    project = {**COMPLETE, "floating_ips": [{**IP, "port_id": "p1"}, {**IP, "id": "a2", "name": "134.87.8.20"}]}
    assert "the server has 134.87.8.10" in plan(project, floating_ip="134.87.8.20").findings[0]


def test_a_floating_ip_that_lost_its_port_is_found_again_by_its_mark():
    made = plan({"floating_ips": [IP, {**IP, "id": "a2", "purpose": f"{PURPOSE} mlflow"}]})
    assert made.chosen["floating_ip"]["id"] == "a2"


def test_a_subnet_is_reached_through_its_router_only():
    routers = [
        {"id": "r1", "external_gateway_info": {"network_id": "n9"}},
        {"id": "r2", "external_gateway_info": None},
    ]
    interface = {"device_owner": "network:router_interface", "fixed_ips": [{"subnet_id": "s1"}], "device_id": "r1"}
    inside = {**interface, "fixed_ips": [{"subnet_id": "s2"}], "device_id": "r2"}
    server = {**interface, "device_owner": "compute:nova", "fixed_ips": [{"subnet_id": "s3"}]}
    assert module.gateways_of(routers, [interface, inside, server]) == {"s1": "n9"}


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ({"name": "Debian-12-Bookworm"}, "debian"),
        ({"name": "Ubuntu-24.04.3-Noble-x64"}, "ubuntu"),
        ({"name": "AlmaLinux-9"}, "almalinux"),
        ({"name": "lab", "distribution": "rocky"}, "rocky"),
        ({"name": "Debian-12", "login_user": "cloud"}, "cloud"),
        ({"name": "Windows"}, ""),
        ({}, ""),
    ],
)
def test_an_image_tells_its_user(image, user):
    assert module.login_user_of(image) == user
