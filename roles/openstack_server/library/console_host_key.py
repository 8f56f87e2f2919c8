#!/usr/bin/python
"""Read a new server's SSH host key where nobody on the network can have forged it: on its console."""

DOCUMENTATION = r"""
module: console_host_key
short_description: The SSH host key that a server's first boot wrote to its console
description:
  - cloud-init writes the public host keys of a new server to its console; the cloud hands that out to members of the
    project only. Waits until the ED25519 key is there. No module of openstack.cloud reads the console.
options:
  server_id:
    description: ID of the server.
    type: str
    required: true
  timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
extends_documentation_fragment: [openstack_login]
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
from ansible.module_utils.openstack_login import Refusal, one_line

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
            raise Refusal(f"the cloud shows no console output ({one_line(problem)})") from problem
        key = host_key(console)
        if key:
            return key
        if time.monotonic() > end:
            last = " / ".join(line.strip() for line in console.splitlines()[-LAST_LINES:]) or "nothing"
            raise Refusal(f"no host key on the server's console after {timeout} s; its end: {last}")
        time.sleep(INTERVAL_S)


def look(cloud, clouds_file, server_id, timeout, check_mode):
    connection, _access = openstack_login.connect(cloud, clouds_file)
    return {"key": wait_for_key(connection.compute, server_id, timeout)}


def main():
    openstack_login.run(look, server_id={"type": "str", "required": True}, timeout={"type": "int", "default": 300})


if __name__ == "__main__":
    main()
