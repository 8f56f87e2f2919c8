#!/usr/bin/python
"""Look at a project of an OpenStack cloud: what a server would be made of there, and what speaks against it."""

DOCUMENTATION = r"""
module: server_plan
short_description: What a server in an OpenStack project would be made of, and what speaks against it
description:
  - Logs in once and finds what the project has under the server's name, and for what is still missing the image, the
    flavour, the network with its subnet and the way out.
  - Compares the project's quotas with what is still missing.
  - Changes nothing, and asks for nothing that a member of the project may not see. No module of openstack.cloud reads a
    project's own limits.
options:
  server:
    description: The options of role openstack_server, without its prefix.
    type: dict
    required: true
extends_documentation_fragment: [openstack_login]
attributes:
  check_mode:
    description: Looks only, in any mode.
    support: full
"""

EXAMPLES = r"""
- name: Look at the project
  server_plan:
    cloud: arbutus
    server: {name: mlflow, purpose: mlflow-lab uvic-climate, flavor: p4-6gb, image: Debian-12*}
"""

RETURN = r"""
findings:
  description: What speaks against it, in words for the admin; each begins with the name of an option of the role.
  returned: success
  type: list
  elements: str
plan:
  description: >-
    C(server), C(port), C(security_group), C(floating_ip) and C(data_volume) as they are (empty where there is none), and
    C(image), C(flavor), C(network), C(subnet), C(external_network) and C(login_user) to be used.
  returned: success
  type: dict
"""

import fnmatch
import ipaddress
import re

from ansible.module_utils import openstack_login
from ansible.module_utils.openstack_login import Refusal, one_line

MEMORY_MIB = 2000  # a flavour of "2 GB" may have a little less than 2048
DISK_GB = 8
ROUTER_INTERFACES = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
LOGIN_USERS = ("debian", "ubuntu", "rocky", "almalinux")


def names(things):
    return ", ".join(sorted(thing["name"] for thing in things)) or "none"


def named(things, name):
    return [thing for thing in things if name in (thing["name"], thing["id"])]


class Plan:
    """Chooses from what `project` has what `want` asks for, and collects what is wrong."""

    def __init__(self, want):
        self.want = want
        self.project = {}
        self.findings = []
        self.chosen = {}

    def find(self, option, text):
        self.findings.append(f"openstack_server_{option}: {text}")

    def make(self, project):
        self.project = project
        self.own("security_group", "security_groups", self.want["name"])
        self.own("port", "ports", self.want["name"])
        self.own("data_volume", "volumes", self.want["name"] + "-data")
        self.own("server", "servers", self.want["name"])
        self.choose_flavor()
        self.choose_image()
        self.choose_network()
        self.choose_floating_ip()
        self.check_server()
        self.check_data_volume()
        self.check_quotas()

    def check_admin_networks(self):
        if not self.want["admin_networks"]:
            self.find(
                "admin_networks",
                "found none. Write the networks from which your admins, and this machine, may reach SSH, "
                "e.g. [142.104.0.0/16].",
            )
        for network in self.want["admin_networks"]:
            try:
                right = str(ipaddress.ip_network(network, strict=False))
            except ValueError:
                self.find("admin_networks", f"found '{network}'. Write a network like 142.104.0.0/16.")
                continue
            if right != network:
                self.find("admin_networks", f"found '{network}'. Write {right}.")

    def own(self, kind, kinds, name):
        """Take what has the name, if it is ours."""
        found = [thing for thing in self.project[kinds] if thing["name"] == name]
        ours = [thing for thing in found if thing["purpose"] == self.want["purpose"]]
        self.chosen[kind] = ours[0] if ours else {}
        if len(found) > 1:
            self.find("name", f"the project has {len(found)} {kinds.replace('_', ' ')} named {name}. Keep one.")
        elif found and not ours:
            self.find(
                "name",
                f"the project has a {kind.replace('_', ' ')} named {name} that is not marked "
                f"'{self.want['purpose']}'. Give the server another name in the inventory.",
            )

    def choose_flavor(self):
        found = named(self.project["flavors"], self.want["flavor"])
        self.chosen["flavor"] = flavor = found[0] if found else {}
        if not flavor:
            enough = [one for one in self.project["flavors"] if one["ram"] >= MEMORY_MIB]
            self.find("flavor", f"the cloud has no '{self.want['flavor']}'. Big enough are: {names(enough)}.")
        elif flavor["ram"] < MEMORY_MIB:
            self.find(
                "flavor",
                f"{flavor['name']} has {flavor['ram']} MiB of memory, and MLflow with PostgreSQL needs {MEMORY_MIB}.",
            )
        elif max(flavor["disk"], self.want["boot_volume_size"]) < DISK_GB:
            self.find(
                "boot_volume_size",
                f"{flavor['name']} has a disk of {flavor['disk']} GB, and {DISK_GB} are needed. "
                "Write 20 to boot from a volume.",
            )

    def choose_image(self):
        pattern = self.want["image"]
        active = [image for image in self.project["images"] if image["status"] == "active"]
        found = sorted(
            (image for image in active if fnmatch.fnmatchcase(image["name"], pattern) or image["id"] == pattern),
            key=lambda image: image["created_at"],
        )
        self.chosen["image"] = image = found[-1] if found else {}
        known = self.chosen["server"].get("metadata", {}).get("login_user")
        self.chosen["login_user"] = self.want["login_user"] or known or login_user_of(image)
        if self.chosen["server"]:
            return
        if not image:
            self.find("image", f"no image matches '{pattern}'. The cloud has: {names(active)}.")
        elif not self.chosen["login_user"]:
            self.find("login_user", f"unknown for the image {image['name']}. Write the user that it comes with.")

    def choose_network(self):
        port = self.chosen["port"]
        if port:
            self.chosen["network"] = self.one("networks", port["network_id"])
            self.chosen["subnet"] = self.one("subnets", port["subnet_id"])
        else:
            ways = self.ways_out()
            if self.want["network"]:
                ways = self.wanted_network(ways)
            elif len({subnet["network_id"] for subnet in ways}) > 1:
                some = [self.one("networks", subnet["network_id"]) for subnet in ways]
                self.find("network", f"more than one would do. Write one of: {names(some)}.")
            elif not ways:
                self.find(
                    "network",
                    "the project has no network with an IPv4 subnet, DHCP and a router to the outside. Make one in the "
                    "dashboard (Network, Networks and Routers).",
                )
            subnet = self.wanted_subnet(ways)
            self.chosen["subnet"] = subnet
            self.chosen["network"] = self.one("networks", subnet["network_id"]) if subnet else {}
        self.choose_external_network()

    def one(self, kinds, id_):
        return next((thing for thing in self.project[kinds] if thing["id"] == id_), {"id": id_, "name": id_})

    def ways_out(self):
        """Return the IPv4 subnets with DHCP that a router connects to an external network."""
        return [
            subnet
            for subnet in self.project["subnets"]
            if subnet["ip_version"] == 4 and subnet["is_dhcp_enabled"] and subnet["id"] in self.project["gateways"]
        ]

    def wanted_network(self, ways):
        found = named(self.project["networks"], self.want["network"])
        if not found:
            inside = [network for network in self.project["networks"] if not network["is_router_external"]]
            self.find("network", f"the project has no '{self.want['network']}'. It has: {names(inside)}.")
            return []
        right = [subnet for subnet in ways if subnet["network_id"] == found[0]["id"]]
        if not right:
            self.find(
                "network",
                f"'{self.want['network']}' has no IPv4 subnet with DHCP that a router connects to the outside. Add it to "
                "a router, or write another network.",
            )
        return right

    def wanted_subnet(self, ways):
        if self.want["subnet"] and ways:
            found = named(ways, self.want["subnet"])
            if not found:
                self.find("subnet", f"'{self.want['subnet']}' won't do. Possible are: {names(ways)}.")
            ways = found
        return ways[0] if ways else {}

    def choose_external_network(self):
        outside = [network for network in self.project["networks"] if network["is_router_external"]]
        if self.want["external_network"]:
            found = named(outside, self.want["external_network"])
            if not found:
                self.find(
                    "external_network",
                    f"the cloud has no external network '{self.want['external_network']}'. It has: {names(outside)}.",
                )
            self.chosen["external_network"] = found[0] if found else {}
        else:
            behind = self.project["gateways"].get(self.chosen["subnet"].get("id"))
            self.chosen["external_network"] = self.one("networks", behind) if behind else {}

    def choose_floating_ip(self):
        port, address = self.chosen["port"], self.want["floating_ip"]
        mark = f"{self.want['purpose']} {self.want['name']}"
        ours = [ip for ip in self.project["floating_ips"] if port and ip["port_id"] == port["id"]]
        if not address:
            ours += [ip for ip in self.project["floating_ips"] if ip["purpose"] == mark and not ip["port_id"]]
            self.chosen["floating_ip"] = ours[0] if ours else {}
            return
        found = [ip for ip in self.project["floating_ips"] if ip["name"] == address]
        self.chosen["floating_ip"] = found[0] if found else {}
        if not found:
            self.find(
                "floating_ip",
                f"the project has no {address}. It has: {names(self.project['floating_ips'])}. Reserve one in the "
                "dashboard (Network, Floating IPs), or leave this out.",
            )
        elif found[0]["port_id"] and found[0] not in ours:
            self.find("floating_ip", f"{address} belongs to another port ({found[0]['port_id']}). Write a free one.")
        elif ours and found[0] not in ours:
            self.find(
                "floating_ip",
                f"the server has {ours[0]['name']}. To give it {address}, first take that away: "
                f"openstack floating ip unset --port {ours[0]['name']}",
            )

    def check_server(self):
        server, flavor = self.chosen["server"], self.chosen["flavor"]
        if server and server["is_stillborn"]:
            return
        if server and flavor and flavor["name"] != server["flavor"] and flavor["id"] != server["flavor"]:
            self.find(
                "flavor",
                f"found {flavor['name']}, and the server {server['name']} has {server['flavor']}. Write that, or resize the "
                "server in the dashboard first, which restarts it.",
            )
        if server and server["status"] == "ERROR":
            self.find(
                "name",
                f"the server {server['name']} is in ERROR ({server['fault']}). Try: "
                f"openstack server reboot --hard {server['name']}",
            )

    def check_data_volume(self):
        volume, size = self.chosen["data_volume"], self.want["data_volume_size"]
        if volume and size < volume["size"]:
            self.find(
                "data_volume_size",
                f"found {size}, and the volume {volume['name']} has {volume['size']} GB. A volume can't shrink: write "
                f"{volume['size']} or more.",
            )
        if volume and volume["server_id"] not in ("", self.chosen["server"].get("id", "")):
            self.find("name", f"the volume {volume['name']} is attached to another server ({volume['server_id']}).")
        if volume and volume["status"].startswith("error"):
            self.find("name", f"the volume {volume['name']} is in status {volume['status']}. Ask the cloud's support.")
        types = self.project["volume_types"]
        kind = self.want["volume_type"]
        if kind and kind not in types:
            self.find("volume_type", f"the cloud has no '{kind}'. It has: {', '.join(sorted(types)) or 'none'}.")
        if types is not None and not self.project["has_volumes"] and self.volume_sizes():
            self.find(
                "data_volume_size",
                "the cloud offers no volumes. Write 0, and 0 as boot_volume_size; but then all data goes with the server.",
            )

    def volume_sizes(self):
        """Return the sizes in GB of the volumes that are still missing."""
        sizes = []
        if not self.chosen["data_volume"] and self.want["data_volume_size"]:
            sizes.append(self.want["data_volume_size"])
        if not self.chosen["server"] and self.want["boot_volume_size"]:
            sizes.append(self.want["boot_volume_size"])
        return sizes

    def check_quotas(self):
        server, flavor, sizes = self.chosen["server"], self.chosen["flavor"], self.volume_sizes()
        grow = max(self.want["data_volume_size"] - self.chosen["data_volume"].get("size", 10**9), 0)
        needed = {
            "instances": 0 if server else 1,
            "cores": 0 if server else flavor.get("vcpus", 0),
            "MiB of RAM": 0 if server else flavor.get("ram", 0),
            "security groups": 0 if self.chosen["security_group"] else 1,
            "ports": 0 if self.chosen["port"] else 1,
            "floating IPs": 0 if self.chosen["floating_ip"] or self.want["floating_ip"] else 1,
            "volumes": len(sizes),
            "GB of volumes": sum(sizes) + grow,
        }
        for what, need in needed.items():
            limit, used = self.project["quotas"].get(what, (-1, 0))
            if need and limit >= 0 and need > limit - used:
                self.find(
                    "cloud",
                    f"the project's quota of {what} is {limit}, {used} of them used, and {need} more needed. Remove what "
                    "is no longer used, or ask the cloud for more.",
                )


def login_user_of(image):
    """Return the user that an image says it has, or that images of its distribution have."""
    said = image.get("login_user")
    words = re.split(r"[^a-z]+", (image.get("distribution") or image.get("name", "")).lower())
    return said or next((user for user in LOGIN_USERS if user in words), "")


def simple(thing, *keys):
    return {key: thing[key] for key in ("id", "name", *keys)}


def simple_server(server):
    metadata = server["metadata"] or {}
    return {
        **simple(server, "status"),
        "purpose": metadata.get("purpose", ""),
        "metadata": metadata,
        "flavor": server["flavor"].get("original_name") or server["flavor"].get("id"),
        # It failed before it ever ran, so nothing can be lost with it.
        "is_stillborn": server["status"] == "ERROR" and not server["launched_at"],
        "fault": one_line((server["fault"] or {}).get("message", "")),
    }


def simple_image(image):
    properties = image["properties"] or {}
    return {
        **simple(image, "status", "created_at"),
        "distribution": image["os_distro"] or "",
        "login_user": image["os_admin_user"] or properties.get("os_admin_user", ""),
    }


def simple_volume(volume):
    attachments = volume["attachments"] or []
    return {
        **simple(volume, "size", "status"),
        "purpose": volume["description"] or "",
        "server_id": attachments[0]["server_id"] if attachments else "",
        "device": attachments[0]["device"] if attachments else "",
    }


def simple_port(port):
    fixed_ips = port["fixed_ips"] or [{}]
    return {
        **simple(port, "network_id"),
        "purpose": port["description"] or "",
        "subnet_id": fixed_ips[0].get("subnet_id", ""),
        "address": fixed_ips[0].get("ip_address", ""),
    }


def gateways_of(routers, interfaces):
    """Return for each subnet that a router connects to the outside the ID of the network there."""
    outside = {
        router["id"]: router["external_gateway_info"]["network_id"]
        for router in routers
        if router["external_gateway_info"]
    }
    return {
        fixed_ip["subnet_id"]: outside[port["device_id"]]
        for port in interfaces
        if port["device_owner"] in ROUTER_INTERFACES and port["device_id"] in outside
        for fixed_ip in port["fixed_ips"]
    }


def ask_compute(compute, name):
    limits = compute.get_limits().absolute
    return {
        # One by one, because the list says nothing of faults.
        "servers": [
            simple_server(compute.get_server(server.id)) for server in compute.servers(name=f"^{re.escape(name)}$")
        ],
        "flavors": [simple(flavor, "ram", "vcpus", "disk") for flavor in compute.flavors()],
    }, {
        "instances": (limits.instances, limits.instances_used),
        "cores": (limits.total_cores, limits.total_cores_used),
        "MiB of RAM": (limits.total_ram, limits.total_ram_used),
    }


def ask_network(network, name, project_id):
    ports = list(network.ports(project_id=project_id))
    quota = network.get_quota(project_id, details=True)
    return {
        "security_groups": [
            {**simple(group), "purpose": group["description"]}
            for group in network.security_groups(name=name, project_id=project_id)
        ],
        "ports": [simple_port(port) for port in ports if port["name"] == name],
        "networks": [simple(one, "is_router_external") for one in network.networks()],
        "subnets": [simple(one, "network_id", "ip_version", "is_dhcp_enabled", "cidr") for one in network.subnets()],
        "gateways": gateways_of(network.routers(), ports),
        "floating_ips": [
            {**simple(ip, "port_id"), "purpose": ip["description"] or ""} for ip in network.ips(project_id=project_id)
        ],
    }, {
        what: (one["limit"], one["used"] + one.get("reserved", 0))
        for what, one in {
            "security groups": quota.security_groups,
            "ports": quota.ports,
            "floating IPs": quota.floating_ips,
        }.items()
    }


def ask_block_storage(block_storage, name):
    limits = block_storage.get_limits().absolute
    return {
        "volumes": [simple_volume(volume) for volume in block_storage.volumes(name=name)],
        "volume_types": [one["name"] for one in block_storage.types()],
        "has_volumes": True,
    }, {
        "volumes": (limits.max_total_volumes, limits.total_volumes_used),
        "GB of volumes": (limits.max_total_volume_gigabytes, limits.total_gigabytes_used),
    }


def ask_image(image):
    return {"images": [simple_image(one) for one in image.images()]}, {}


def look(connection, access, name):
    """Return what the project has, as far as it concerns a server of that name."""
    project = {"quotas": {}, "volumes": [], "volume_types": [], "has_volumes": False}
    questions = {
        "Nova": lambda: ask_compute(connection.compute, name),
        "Neutron": lambda: ask_network(connection.network, name, access.project_id),
        "Glance": lambda: ask_image(connection.image),
    }
    if any(access.service_catalog.get_endpoints(service_type=kind) for kind in ("block-storage", "volumev3", "volume")):
        questions["Cinder"] = lambda: ask_block_storage(connection.block_storage, name + "-data")
    for service, ask in questions.items():
        try:
            things, quotas = ask()
        except (openstack_login.keystone.ClientException, openstack_login.openstack.exceptions.SDKException) as problem:
            raise Refusal(f"{service} does not answer: {one_line(problem)}") from problem
        project.update(things)
        project["quotas"].update(quotas)
    return project


def make_plan(cloud, clouds_file, server, check_mode):
    plan = Plan(server)
    plan.check_admin_networks()
    try:
        connection, access = openstack_login.connect(cloud, clouds_file)
        plan.make(look(connection, access, server["name"]))
    except Refusal as refusal:
        plan.find("cloud", refusal)
    return {"findings": plan.findings, "plan": plan.chosen}


def main():
    openstack_login.run(make_plan, server={"type": "dict", "required": True})


if __name__ == "__main__":
    main()
