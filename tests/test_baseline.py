"""Unit tests of roles/baseline/filter_plugins/baseline.py."""

import pytest
from conftest import plugin

module = plugin("baseline/filter_plugins/baseline.py")


@pytest.mark.parametrize(
    ("network", "faults"),
    [
        ("142.104.0.0/16", []),
        ("2001:db8::/32", []),
        ("0.0.0.0/0", []),
        ("142.104.1.2/16", ["found '142.104.1.2/16'. Write 142.104.0.0/16."]),
        ("142.104.1.2", ["found '142.104.1.2'. Write 142.104.1.2/32."]),
        ("2001:DB8::1/32", ["found '2001:DB8::1/32'. Write 2001:db8::/32."]),
        ("142.104.0.0/33", ["found '142.104.0.0/33'. Write a network like 142.104.0.0/16."]),
        ("campus", ["found 'campus'. Write a network like 142.104.0.0/16."]),
        ("", ["found ''. Write a network like 142.104.0.0/16."]),
        ("FILL-IN", ["found 'FILL-IN'. Write a network like 142.104.0.0/16."]),
    ],
)
def test_what_is_no_network_is_told(network, faults):
    assert module.network_faults([network]) == faults


def test_networks_are_told_apart_by_version_and_none_is_within_another():
    networks = ["10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32", "10.1.0.0/16"]
    assert module.of_version(networks, 4) == ["10.0.0.0/8", "192.0.2.7/32"]
    assert module.of_version(networks, 6) == ["2001:db8::/32"]


@pytest.mark.parametrize(
    ("address", "held"),
    [("10.1.2.3", True), ("11.1.2.3", False), ("2001:db8::7", True), ("fe80::1%eth0", False)],
)
def test_an_address_is_in_one_of_the_networks_or_in_none(address, held):
    assert module.hold(["10.0.0.0/8", "2001:db8::/32"], address) is held
