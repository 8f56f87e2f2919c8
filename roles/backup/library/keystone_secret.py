#!/usr/bin/python
"""Keep a secret in Keystone, where it outlives the server that uses it."""

DOCUMENTATION = r"""
module: keystone_secret
short_description: A secret in Keystone, found again by its purpose
description:
  - Finds the secret that the logged-in user keeps in the logged-in project for a purpose, or makes one.
  - It is a credential of a type of its own, which opens nothing in the cloud. Keystone stores credentials encrypted, and
    shows them to their user alone.
  - One that is there is never replaced, for what it has locked could not be opened any more. If several are there, the
    oldest counts.
options:
  purpose:
    description: What the secret is for. A user has one in a project for each purpose.
    type: str
    required: true
  state:
    description: V(present), there is one. V(absent), there is none.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment: [openstack_login]
attributes:
  check_mode:
    description: Logs in, looks, and says whether a secret would be made or removed. Changes nothing.
    support: full
notes:
  - The secret is in the result. Use C(no_log).
"""

EXAMPLES = r"""
- name: Find the passphrase of the backups (not logged)
  keystone_secret:
    cloud: arbutus
    purpose: mlflow-lab uvic-climate backups
  register: passphrase
  no_log: true
"""

RETURN = r"""
secret:
  description: The secret, 64 hexadecimal digits. Empty if there is none, or check mode would have made one.
  returned: success
  type: str
"""

import json
import secrets
import time

from ansible.module_utils import openstack_login
from ansible.module_utils.openstack_login import Refusal, blobs_of, one_line

try:
    import openstack
    from keystoneauth1 import exceptions as keystone
except ImportError:
    pass  # openstack_login tells it

TYPE = "mlflow-lab-secret"


def find(credentials, project_id, purpose):
    """Return what was kept for the purpose, with its credential's id, the oldest one first."""
    matching = [blob for blob in blobs_of(credentials, project_id, purpose) if blob.get("secret")]
    return sorted(matching, key=lambda blob: (blob.get("created", 0), blob["secret"]))


def new(purpose):
    return {"secret": secrets.token_hex(32), "purpose": purpose, "created": int(time.time())}


def ensure(cloud, clouds_file, purpose, state, check_mode):
    connection, access = openstack_login.connect(cloud, clouds_file)
    owner = {"type": TYPE, "user_id": access.user_id}
    try:
        known = find(connection.identity.credentials(**owner), access.project_id, purpose)
        missing, gone = (state == "present" and not known), (known if state == "absent" else [])
        if missing and not check_mode:
            known = [new(purpose)]
            connection.identity.create_credential(**owner, project_id=access.project_id, blob=json.dumps(known[0]))
        for blob in [] if check_mode else gone:
            connection.identity.delete_credential(blob["id"])
    except (openstack.exceptions.SDKException, keystone.ClientException) as problem:
        raise Refusal(f"Keystone keeps no secret for cloud '{cloud}': {one_line(problem)}") from problem
    return {"changed": missing or bool(gone), "secret": known[0]["secret"] if known and not gone else ""}


def main():
    openstack_login.run(
        ensure,
        purpose={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    )


if __name__ == "__main__":
    main()
