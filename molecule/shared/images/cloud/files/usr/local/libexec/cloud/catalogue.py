#!/usr/bin/python3
"""Make the service users and the catalogue's entries in the store's Keystone. Run again, it follows what has changed."""

import os
import socket

import openstack

ADDRESS = socket.gethostbyname(socket.gethostname())
REGION = "RegionOne"
SERVICES = {
    "glance": ("image", f"https://{ADDRESS}:9292"),
    "placement": ("placement", f"https://{ADDRESS}:8778"),
    "nova": ("compute", f"https://{ADDRESS}:8774/v2.1"),
    "neutron": ("network", f"https://{ADDRESS}:9696"),
    "cinder": ("volumev3", f"https://{ADDRESS}:8776/v3/%(project_id)s"),
}

identity = openstack.connect(cloud="admin").identity
project = identity.find_project("service")
role = identity.find_role("admin")


def user(name, password):
    known = identity.find_user(name)
    if known:
        identity.update_user(known, password=password)
    else:
        known = identity.create_user(name=name, password=password, domain_id="default")
    identity.assign_project_role_to_user(project, known, role)


def publish(name, kind, url):
    service = identity.find_service(name) or identity.create_service(name=name, type=kind)
    known = next(identity.endpoints(service_id=service.id, interface="public"), None)
    if known:
        identity.update_endpoint(known, url=url)
    else:
        identity.create_endpoint(service_id=service.id, interface="public", region_id=REGION, url=url)


for service, (kind, url) in SERVICES.items():
    user(service, os.environ[f"{service.upper()}_PASSWORD"])
    publish(service, kind, url)
