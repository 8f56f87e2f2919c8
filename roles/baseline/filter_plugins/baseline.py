"""Filters over networks in CIDR notation."""

from __future__ import annotations

import ipaddress


def network_faults(networks: list[str]) -> list[str]:
    """Say what is wrong with each network that is none, and what to write instead."""
    faults = []
    for network in networks:
        try:
            right = str(ipaddress.ip_network(network, strict=False))
        except ValueError:
            faults.append(f"found '{network}'. Write a network like 142.104.0.0/16.")
        else:
            if right != network:
                faults.append(f"found '{network}'. Write {right}.")
    return faults


def of_version(networks: list[str], version: int) -> list[str]:
    """Return those of one version of IP, none within another: nftables takes no overlapping ones."""
    parsed = [ipaddress.ip_network(network) for network in networks]
    return [str(one) for one in ipaddress.collapse_addresses(one for one in parsed if one.version == version)]


def hold(networks: list[str], address: str) -> bool:
    """Tell whether an address is in one of the networks."""
    wanted = ipaddress.ip_address(address.partition("%")[0])
    return any(wanted in ipaddress.ip_network(network) for network in networks)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict:
        """Return the filters by name."""
        return {"hold": hold, "network_faults": network_faults, "of_version": of_version}
