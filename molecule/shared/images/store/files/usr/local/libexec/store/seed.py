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
DOMAINS = {"user_domain_id": "default", "project_domain_id": "default"}
ADMIN = {"username": "admin", "password": os.environ["OS_BOOTSTRAP_PASSWORD"], "project_name": "admin"}
OPERATOR = {"username": "operator", "password": os.environ["OPERATOR_PASSWORD"], "project_name": "lab"}
COLLEAGUE = {"username": "colleague", "password": os.environ["COLLEAGUE_PASSWORD"], "project_name": "lab"}
RGW = {"username": "rgw", "password": (STORE / "rgw-password").read_text().strip(), "project_name": "service"}


def connect(**auth):
    return openstack.connect(
        auth_url=AUTH_URL,
        region_name=REGION,
        # The catalogue is empty at first, and names the old address after a move.
        identity_endpoint_override=AUTH_URL,
        cacert=str(STORE / "ca.pem"),
        **auth,
        **DOMAINS,
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


def user(identity, role, username, password, project_name):
    project = ensure(identity, "project", project_name, domain_id="default")
    account = ensure(identity, "user", username, password=password, domain_id="default")
    identity.assign_project_role_to_user(project, account, ensure(identity, "role", role))


def entry(auth_type, **auth):
    return {
        "auth_type": auth_type,
        "auth": {"auth_url": AUTH_URL, **auth},
        "region_name": REGION,
        "interface": "public",
        "identity_api_version": 3,
    }


def application_credential(operator, name, unrestricted):
    made = operator.identity.create_application_credential(operator.current_user_id, name, unrestricted=unrestricted)
    return entry(
        "v3applicationcredential",
        application_credential_id=made.id,
        application_credential_secret=made.secret,
    )


def clouds(operator):
    if CLOUDS.exists():
        known = yaml.safe_load(CLOUDS.read_text())["clouds"]
        for cloud in known.values():
            cloud["auth"]["auth_url"] = AUTH_URL
        return known
    return {
        "lab": entry("v3password", **OPERATOR, **DOMAINS),
        "lab-colleague": entry("v3password", **COLLEAGUE, **DOMAINS),
        # Since the fix of CVE-2026-90460, Keystone lets neither of these near EC2 credentials.
        "lab-application-credential": application_credential(operator, "unrestricted", unrestricted=True),
        "lab-restricted": application_credential(operator, "restricted", unrestricted=False),
    }


admin = connect(**ADMIN)
publish(admin.identity)
# As an admin, for then it may read a key's secret, and remembers it for five minutes instead of asking for each request.
user(admin.identity, "admin", **RGW)
user(admin.identity, "member", **OPERATOR)
user(admin.identity, "member", **COLLEAGUE)

os.umask(0o077)
CLOUDS.write_text(yaml.safe_dump({"clouds": clouds(connect(**OPERATOR))}, sort_keys=False))
