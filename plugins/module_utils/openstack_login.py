"""How this project's modules log in to an OpenStack cloud, read what it keeps, and tell the admin what fails."""

import json
import os
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import openstack
    from keystoneauth1 import exceptions as keystone

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

TIMEOUT_S = 30

ARGUMENTS = {
    "cloud": {"type": "str", "required": True},
    "clouds_file": {"type": "path"},
}


class Refusal(Exception):
    """What is wrong, in words for the admin."""


def one_line(problem):
    return " ".join(str(problem).split())


def run(act, **options):
    """Run a module that takes these options beside the cloud: `act` is called with all of them, and check_mode.

    It returns the module's result, or raises a Refusal.
    """
    module = AnsibleModule(argument_spec=ARGUMENTS | options, supports_check_mode=True)
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=IMPORT_ERROR)
    try:
        module.exit_json(**act(**module.params, check_mode=module.check_mode))
    except Refusal as refusal:
        module.fail_json(msg=str(refusal))


def blob_of(credential):
    """Return what a credential of Keystone contains. Others may have written anything into it."""
    try:
        blob = json.loads(credential["blob"])
    except (TypeError, ValueError):
        return {}
    return blob if isinstance(blob, dict) else {}


def blobs_of(credentials, project_id, purpose):
    """Return what the credentials of a project contain that were made for a purpose, each with its credential's id."""
    blobs = [
        blob_of(credential) | {"id": credential["id"]}
        for credential in credentials
        if credential["project_id"] == project_id
    ]
    return [blob for blob in blobs if blob.get("purpose") == purpose]


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


def connect(cloud, clouds_file):
    """Return an open connection and what Keystone says about the login."""
    config = cloud_config(cloud, clouds_file)
    connection = openstack.connection.Connection(config=config)
    return connection, log_in(config, connection)
