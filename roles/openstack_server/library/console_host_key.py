#!/usr/bin/python
"""Read a new server's SSH host key where nobody on the network can have forged it: on its console."""

DOCUMENTATION = r"""
module: console_host_key
short_description: The SSH host key that a server's first boot wrote to its console
description:
  - cloud-init writes the public host keys of a new server to its console; the cloud hands that out to members of the
    project only. Waits until the ED25519 key is there. No module of openstack.cloud reads the console.
options:
  cloud:
    description: Entry of clouds.yaml.
    type: str
    required: true
  clouds_file:
    description: Path of clouds.yaml. Where openstacksdk looks, if left out.
    type: path
  server_id:
    description: ID of the server.
    type: str
    required: true
  timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
requirements: [openstacksdk]
author: mlflow-lab contributors
attributes:
  check_mode:
    description: Reads only, in any mode.
    support: full
"""

EXAMPLES = r"""
- name: Read the new server's host key
  console_host_key:
    cloud: arbutus
    server_id: 9c1e...
"""

RETURN = r"""
key:
  description: The public key, its type before it.
  returned: success
  type: str
  sample: ssh-ed25519 AAAA...
"""

import re
import time

from ansible.module_utils import openstack_login
from ansible.module_utils.basic import AnsibleModule, missing_required_lib

INTERVAL_S = 2
KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
ED25519 = re.compile(r"\bssh-ed25519 [A-Za-z0-9+/]{68}")
LAST_LINES = 5


def host_key(console):
    """Return the key that a console's text shows, or an empty string. After a rebuild, the last one counts."""
    found = [key for block in KEYS.findall(console) for key in ED25519.findall(block)]
    return found[-1] if found else ""


def wait_for_key(compute, server_id, timeout):
    end = time.monotonic() + timeout
    while True:
        try:
            console = compute.get_server_console_output(server_id)["output"]
        except openstack_login.openstack.exceptions.SDKException as problem:
            raise openstack_login.Refusal(
                f"the cloud shows no console output ({openstack_login.one_line(problem)})"
            ) from problem
        key = host_key(console)
        if key:
            return key
        if time.monotonic() > end:
            last = " / ".join(line.strip() for line in console.splitlines()[-LAST_LINES:]) or "nothing"
            raise openstack_login.Refusal(f"no host key on the server's console after {timeout} s; its end: {last}")
        time.sleep(INTERVAL_S)


def main():
    module = AnsibleModule(
        argument_spec={
            **openstack_login.ARGUMENTS,
            "server_id": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    if openstack_login.IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=openstack_login.IMPORT_ERROR)
    try:
        connection, _access = openstack_login.connect(module.params["cloud"], module.params["clouds_file"])
        key = wait_for_key(connection.compute, module.params["server_id"], module.params["timeout"])
    except openstack_login.Refusal as refusal:
        module.fail_json(msg=str(refusal))
    module.exit_json(key=key)


if __name__ == "__main__":
    main()
