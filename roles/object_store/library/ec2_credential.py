#!/usr/bin/python
"""Make sure that an EC2 credential exists in Keystone: the pair of keys that opens an OpenStack cloud's S3."""

DOCUMENTATION = r"""
module: ec2_credential
short_description: An EC2 credential in Keystone, found again by its purpose
description:
  - Finds the EC2 credential that the logged-in user has in the logged-in project for a purpose, or makes one.
  - The purpose is kept in the credential itself, so any admin of the project who logs in as the same user finds it again,
    from any machine, and nobody has to keep the keys.
  - No module of openstack.cloud does this. Its C(resource) needs to be told the keys.
  - Keys that an application credential made die with it. Such keys are left alone, and others made.
  - Asks Keystone for nothing but a token and the user's own credentials.
options:
  cloud:
    description: Entry of clouds.yaml.
    type: str
    required: true
  clouds_file:
    description: Path of clouds.yaml. Where openstacksdk looks, if left out.
    type: path
  purpose:
    description: What the credential is for. A user has one credential in a project for each purpose.
    type: str
    required: true
requirements: [openstacksdk]
author: mlflow-lab contributors
attributes:
  check_mode:
    description: Logs in, looks, and says whether a credential would be made, or could not be. Makes none.
    support: full
notes:
  - The keys are in the result. Use C(no_log).
"""

EXAMPLES = r"""
- name: Make the S3 keys (not logged)
  ec2_credential:
    cloud: arbutus
    purpose: mlflow-lab uvic-climate
  register: s3
  no_log: true
"""

RETURN = r"""
access:
  description: The access key. Empty if check mode would have made one.
  returned: success
  type: str
secret:
  description: The secret key. Empty if check mode would have made one.
  returned: success
  type: str
project_id:
  description: The project that the keys belong to.
  returned: success
  type: str
"""

import json
import os
import secrets
import traceback
import uuid

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import openstack
    from keystoneauth1 import exceptions as keystone

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

TIMEOUT_S = 30

WAYS_OUT = (
    "Log in as a person (SSO or password), or write ready-made keys (`openstack ec2 credentials create`) into "
    "object_store_access_key and object_store_secret_key."
)
RESTRICTED = (
    "Keystone lets the login of cloud '{cloud}' make no EC2 credential: it is a restricted application credential. Use "
    "one that was made with `openstack application credential create --unrestricted NAME`. If Keystone refuses that, "
    "too: " + WAYS_OUT
)
# Since the fix of CVE-2026-90460 (October 2026).
DELEGATED = (
    "Keystone lets no application credential near EC2 credentials, not even the unrestricted one of cloud '{cloud}'. "
    + WAYS_OUT
)


class Refusal(Exception):
    """What is wrong, in words for the admin."""


def blob_of(credential):
    """Return what a credential of Keystone contains. Others may have written anything into it."""
    try:
        blob = json.loads(credential["blob"])
    except (TypeError, ValueError):
        return {}
    return blob if isinstance(blob, dict) else {}


def find(credentials, project_id, purpose):
    """Return the keys that were made for the purpose, sorted, so that of several always the same is the first."""
    blobs = [blob_of(credential) for credential in credentials if credential["project_id"] == project_id]
    matching = [blob for blob in blobs if blob.get("purpose") == purpose and blob.get("access") and blob.get("secret")]
    return sorted(matching, key=lambda blob: blob["access"])


def is_orphan(identity, user_id, blob):
    """Tell whether keys have died with the application credential that made them. Keystone lists them nevertheless."""
    maker = blob.get("app_cred_id")
    return bool(maker) and identity.get(f"/users/{user_id}/application_credentials/{maker}").status_code == 404


def new(purpose):
    return {"access": uuid.uuid4().hex, "secret": secrets.token_hex(32), "purpose": purpose}


def one_line(problem):
    return " ".join(str(problem).split())


def cloud_config(cloud, clouds_file):
    """Return the entry of clouds.yaml, or say which entries there are."""
    if clouds_file and not os.path.isfile(clouds_file):
        raise Refusal(f"There is no file {clouds_file}.")
    config = openstack.config.OpenStackConfig(config_files=[clouds_file] if clouds_file else None)
    if not config.config_filename:
        raise Refusal("No clouds.yaml found here or in ~/.config/openstack or /etc/openstack.")
    names = sorted(config.cloud_config.get("clouds", {}))
    if cloud not in names:
        known = ", ".join(names) or "nothing"
        raise Refusal(f"{config.config_filename} has no entry '{cloud}'. It has: {known}.")
    return config.get_one(cloud=cloud, api_timeout=TIMEOUT_S)


def log_in(config, connection):
    """Return what Keystone says about the login."""
    where = f"cloud '{config.name}', {config.config['auth'].get('auth_url')}"
    try:
        return connection.session.auth.get_access(connection.session)
    except keystone.SSLError as problem:
        raise Refusal(
            f"The certificate of Keystone is not trusted ({where}). If an authority of the site's own has signed it, name "
            "that one's file in clouds.yaml: `cacert:` in the cloud's entry."
        ) from problem
    except (keystone.ConnectionError, keystone.DiscoveryFailure) as problem:
        raise Refusal(f"Keystone does not answer ({where}): {one_line(problem)}") from problem
    except (keystone.Unauthorized, keystone.NotFound) as problem:
        raise Refusal(
            f"Keystone refuses the login ({where}): {one_line(problem)} "
            "Is the credential complete, or expired, or deleted? The cloud's dashboard makes a new one."
        ) from problem
    except (keystone.ClientException, openstack.exceptions.SDKException) as problem:
        raise Refusal(f"The login failed ({where}): {one_line(problem)}") from problem


def application_credential_of(access):
    """Return what the token says about the application credential that it was made with, or nothing."""
    return getattr(access, "_data", {}).get("token", {}).get("application_credential") or {}


def may_make_one(identity, access, cloud):
    """Find out by a look at the older interface, which Keystone closes to the same logins."""
    login = application_credential_of(access)
    if login.get("restricted"):
        raise Refusal(RESTRICTED.format(cloud=cloud))
    if login and identity.get(f"/users/{access.user_id}/credentials/OS-EC2").status_code == 403:
        raise Refusal(DELEGATED.format(cloud=cloud))


def ensure(cloud, clouds_file, purpose, check_mode):
    config = cloud_config(cloud, clouds_file)
    connection = openstack.connection.Connection(config=config)
    access = log_in(config, connection)
    identity = connection.identity
    try:
        known = find(identity.credentials(type="ec2", user_id=access.user_id), access.project_id, purpose)
        keys = next((blob for blob in known if not is_orphan(identity, access.user_id, blob)), None)
        changed = keys is None
        if changed:
            may_make_one(identity, access, cloud)
        if changed and not check_mode:
            keys = new(purpose)
            identity.create_credential(
                type="ec2", user_id=access.user_id, project_id=access.project_id, blob=json.dumps(keys)
            )
    except openstack.exceptions.ForbiddenException as problem:
        raise Refusal(f"Keystone gives cloud '{cloud}' no EC2 credential: {one_line(problem)} {WAYS_OUT}") from problem
    except (openstack.exceptions.SDKException, keystone.ClientException) as problem:
        raise Refusal(f"Keystone gives cloud '{cloud}' no EC2 credential: {one_line(problem)}") from problem
    keys = keys or {"access": "", "secret": ""}
    return {"changed": changed, "access": keys["access"], "secret": keys["secret"], "project_id": access.project_id}


def main():
    module = AnsibleModule(
        argument_spec={
            "cloud": {"type": "str", "required": True},
            "clouds_file": {"type": "path"},
            "purpose": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=IMPORT_ERROR)
    try:
        module.exit_json(**ensure(**module.params, check_mode=module.check_mode))
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))


if __name__ == "__main__":
    main()
