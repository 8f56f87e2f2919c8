#!/usr/bin/python3
"""Return when all agents are there, and the schedulers know where servers and volumes can be."""

import time

import openstack

AGENTS = {"DHCP agent", "L3 agent", "Linux bridge agent", "Metadata agent"}
VOLUMES = {"cinder-scheduler", "cinder-volume"}

admin = openstack.connect(cloud="admin")

while True:
    agents = {agent.agent_type for agent in admin.network.agents() if agent.is_alive}
    hypervisors = [hypervisor for hypervisor in admin.compute.hypervisors() if hypervisor.state == "up"]
    services = admin.block_storage.get("/os-services").json()["services"]
    volumes = {service["binary"] for service in services if service["state"] == "up"}
    # The scheduler hears of a backend a minute after it has started.
    pools = admin.block_storage.get("/scheduler-stats/get_pools").json().get("pools")
    if agents >= AGENTS and hypervisors and volumes >= VOLUMES and pools:
        break
    seen = f"{len(hypervisors)} hypervisors, {sorted(volumes)}, {len(pools or [])} pools"
    print(f"not yet: {sorted(agents)}, {seen}", flush=True)
    time.sleep(2)
