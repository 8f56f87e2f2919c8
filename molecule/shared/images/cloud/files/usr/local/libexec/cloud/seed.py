#!/usr/bin/python3
"""Give the cloud what its admins and the lab made long ago. Run again, it changes nothing."""

import ipaddress
import socket

import openstack

ADDRESS = socket.gethostbyname(socket.gethostname())
OUTSIDE = ipaddress.ip_network(f"{ADDRESS}/24", strict=False)
FLAVOURS = {"p1-1.5gb": (1, 1536), "p2-3gb": (2, 3072)}
IMAGES = ["Debian-12-Bookworm-2026-05", "Debian-12-Bookworm-2026-11"]

admin = openstack.connect(cloud="admin")
lab = openstack.connect(cloud="lab")


def ensure(proxy, kind, name, **values):
    return getattr(proxy, f"find_{kind}")(name) or getattr(proxy, f"create_{kind}")(name=name, **values)


def flavours():
    for name, (cores, memory) in FLAVOURS.items():
        ensure(admin.compute, "flavor", name, vcpus=cores, ram=memory, disk=20)


def images():
    for name in IMAGES:
        ensure(
            admin.image,
            "image",
            name,
            filename="/var/lib/cloud/guest.qcow2",
            disk_format="qcow2",
            container_format="bare",
            visibility="public",
            os_distro="debian",
            os_version="12",
            validate_checksum=False,
        )


def networks():
    outside = ensure(
        admin.network,
        "network",
        "Public-Network",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="external",
    )
    ensure(
        admin.network,
        "subnet",
        "Public-Subnet",
        network_id=outside.id,
        ip_version=4,
        cidr=str(OUTSIDE),
        gateway_ip=str(OUTSIDE[1]),
        allocation_pools=[{"start": str(OUTSIDE[128]), "end": str(OUTSIDE[250])}],
        is_dhcp_enabled=False,
    )
    inside = ensure(lab.network, "network", "lab-network")
    subnet = ensure(
        lab.network,
        "subnet",
        "lab-subnet",
        network_id=inside.id,
        ip_version=4,
        cidr="192.168.42.0/24",
        dns_nameservers=[ADDRESS],
    )
    if not lab.network.find_router("lab-router"):
        router = lab.network.create_router(name="lab-router", external_gateway_info={"network_id": outside.id})
        lab.network.add_interface_to_router(router, subnet_id=subnet.id)


def volume_types():
    ensure(admin.block_storage, "type", "rbd1")  # beside Cinder's own, __DEFAULT__


def quotas():
    project = lab.current_project_id
    admin.set_compute_quotas(project, instances=10, cores=25, ram=51200)
    admin.set_network_quotas(project, floatingip=2)
    admin.set_volume_quotas(project, volumes=10, gigabytes=100)


flavours()
networks()
volume_types()
quotas()
images()
