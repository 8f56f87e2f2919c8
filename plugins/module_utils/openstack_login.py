"""How this project's modules log in to an OpenStack cloud, and what they tell the admin where that fails."""

import os
import traceback

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
