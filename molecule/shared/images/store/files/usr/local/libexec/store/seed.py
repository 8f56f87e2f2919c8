#!/usr/bin/python3
"""Give Keystone what the store needs, and write clouds.yaml. Run again, it only follows a new address."""

import os
import pathlib

import openstack
import yaml

STORE = pathlib.Path("/etc/store")
CLOUDS = STORE / "clouds.yaml"
ADDRESS = (STORE / "address").read_text()
AUTH_URL = f"https://{ADDRESS}:5000/v3"
REGION = "RegionOne"
ENDPOINTS = {
    ("keystone", "identity"): AUTH_URL,
    ("swift", "object-store"): f"https://{ADDRESS}/swift/v1/AUTH_%(project_id)s",
}


def connect(username, password, project):
    return openstack.connect(
        auth_url=AUTH_URL,
        username=username,
        password=password,
        project_name=project,
        user_domain_id="default",
        project_domain_id="default",
        region_name=REGION,
        # The catalogue is empty at first, and names the old address after a move.
        identity_endpoint_override=AUTH_URL,
        cacert=str(STORE / "ca.pem"),
    )


def ensure(identity, kind, name, **values):
    found = getattr(identity, f"find_{kind}")(name)
    return found or getattr(identity, f"create_{kind}")(name=name, **values)


def publish(identity):
    if not identity.find_region(REGION):
        identity.create_region(id=REGION)
    known = {endpoint.service_id: endpoint for endpoint in identity.endpoints(interface="public")}
    for (name, kind), url in ENDPOINTS.items():
        service = ensure(identity, "service", name, type=kind)
        endpoint = known.get(service.id)
        if endpoint:
            identity.update_endpoint(endpoint, url=url)
        else:
            identity.create_endpoint(service_id=service.id, interface="public", region_id=REGION, url=url)


def user(identity, name, password, project, role):
    project = ensure(identity, "project", project, domain_id="default")
    account = ensure(identity, "user", name, password=password, domain_id="default", default_project_id=project.id)
    identity.assign_project_role_to_user(project, account, ensure(identity, "role", role))


def entry(identity, user_id, name, unrestricted):
    made = identity.create_application_credential(user_id, name, unrestricted=unrestricted)
    return {
        "auth_type": "v3applicationcredential",
        "auth": {
            "auth_url": AUTH_URL,
            "application_credential_id": made.id,
            "application_credential_secret": made.secret,
        },
        "region_name": REGION,
        "interface": "public",
        "identity_api_version": 3,
    }


def clouds(identity, user_id):
    if not CLOUDS.exists():
        return {name: entry(identity, user_id, name, name == "lab") for name in ("lab", "lab-restricted")}
    known = yaml.safe_load(CLOUDS.read_text())["clouds"]
    for cloud in known.values():
        cloud["auth"]["auth_url"] = AUTH_URL
    return known


admin = connect("admin", os.environ["OS_BOOTSTRAP_PASSWORD"], "admin")
publish(admin.identity)
user(admin.identity, "rgw", (STORE / "rgw-password").read_text().strip(), "service", "service")
user(admin.identity, "operator", os.environ["OPERATOR_PASSWORD"], "lab", "member")

operator = connect("operator", os.environ["OPERATOR_PASSWORD"], "lab")
os.umask(0o077)
CLOUDS.write_text(yaml.safe_dump({"clouds": clouds(operator.identity, operator.current_user_id)}, sort_keys=False))
