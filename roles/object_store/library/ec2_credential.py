#!/usr/bin/python
"""Look after EC2 credentials in Keystone: the pairs of keys that open an OpenStack cloud's S3."""

DOCUMENTATION = r"""
module: ec2_credential
short_description: EC2 credentials in Keystone, found again by their purpose
description:
  - Finds the EC2 credential that the logged-in user has in the logged-in project for a purpose, or makes one.
  - The purpose is kept in the credential itself, so any admin of the project who logs in as the same user finds it again,
    from any machine, and nobody has to keep the keys.
  - Of several, the newest counts. So keys are replaced in three steps, each of which can be repeated after an
    interruption - a newer pair is made, whoever uses the old one is given the newer, the old one is removed.
  - No module of openstack.cloud does this. Its C(resource) needs to be told the keys.
  - Keys that an application credential made die with it. Such keys are left alone, and others made.
  - Asks Keystone for nothing but a token and the user's own credentials. Those of other users it neither sees nor removes.
options:
  purpose:
    description: What the credential is for. A user has one credential in a project for each purpose.
    type: str
    required: true
  state:
    description:
      - V(present), there is one.
      - V(rotated), there is a newer one than the only one there was. Where there are several already, the newest has not
        replaced the others yet, and none is made.
      - V(newest), there is none but the newest. Makes none.
      - V(absent), there is none.
    type: str
    choices: [present, rotated, newest, absent]
    default: present
extends_documentation_fragment: [openstack_login]
attributes:
  check_mode:
    description: Logs in, looks, and says which credentials would be made or removed, or could not be. Changes nothing.
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
  description: The newest access key. Empty if there is none, or check mode would have made one.
  returned: success
  type: str
secret:
  description: The secret key that belongs to it.
  returned: success
  type: str
made:
  description: Whether the newest was made by this call, or in check mode would be.
  returned: success
  type: bool
older:
  description: Access keys of the older credentials that are still there and open the same.
  returned: success
  type: list
  elements: str
removed:
  description: Access keys of the credentials that were removed, or in check mode would be.
  returned: success
  type: list
  elements: str
project_id:
  description: The project that the keys belong to.
  returned: success
  type: str
"""

import json
import secrets
import time
import uuid

from ansible.module_utils import openstack_login
from ansible.module_utils.openstack_login import Refusal, blobs_of, one_line

try:
    import openstack
    from keystoneauth1 import exceptions as keystone
except ImportError:
    pass  # openstack_login tells it

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


def age_of(blob):
    """Return what sorts keys by age. Those that do not tell are the oldest; the access key makes the order certain."""
    created = blob.get("created")
    return (created if isinstance(created, int) else 0, str(blob["access"]))


def find(credentials, project_id, purpose):
    """Return the keys that were made for the purpose, each with its credential's id, the newest first."""
    blobs = blobs_of(credentials, project_id, purpose)
    matching = [blob for blob in blobs if blob.get("access") and blob.get("secret")]
    return sorted(matching, key=age_of, reverse=True)


def is_orphan(identity, user_id, blob):
    """Tell whether keys have died with the application credential that made them. Keystone lists them nevertheless."""
    maker = blob.get("app_cred_id")
    return bool(maker) and identity.get(f"/users/{user_id}/application_credentials/{maker}").status_code == 404


def new(purpose, known):
    """Return new keys that are newer than all known ones, even where the clock of the machine that made those is fast."""
    created = max([int(time.time()), *(age_of(blob)[0] + 1 for blob in known)])
    return {"access": uuid.uuid4().hex, "secret": secrets.token_hex(32), "purpose": purpose, "created": created}


def is_missing(state, live):
    """Tell whether keys have to be made."""
    return (state in ("present", "rotated") and not live) or (state == "rotated" and len(live) == 1)


def superfluous(state, known, live):
    """Return the keys that have to go. Orphans go too: they open nothing."""
    kept = {"absent": [], "newest": live[:1]}.get(state, known)
    return [blob for blob in known if blob not in kept]


def application_credential_of(access):
    """Return what the token says about the application credential that it was made with, or nothing."""
    return getattr(access, "_data", {}).get("token", {}).get("application_credential") or {}


def may_manage(identity, access, cloud):
    """Find out by a look at the older interface, which Keystone closes to the same logins."""
    login = application_credential_of(access)
    if login.get("restricted"):
        raise Refusal(RESTRICTED.format(cloud=cloud))
    if login and identity.get(f"/users/{access.user_id}/credentials/OS-EC2").status_code == 403:
        raise Refusal(DELEGATED.format(cloud=cloud))


def ensure(cloud, clouds_file, purpose, state, check_mode):
    connection, access = openstack_login.connect(cloud, clouds_file)
    identity = connection.identity
    try:
        known = find(identity.credentials(type="ec2", user_id=access.user_id), access.project_id, purpose)
        live = [blob for blob in known if not is_orphan(identity, access.user_id, blob)]
        missing, gone = is_missing(state, live), superfluous(state, known, live)
        kept = [blob for blob in live if blob not in gone]
        if missing or gone:
            may_manage(identity, access, cloud)
        if missing:
            kept.insert(0, new(purpose, known) if not check_mode else {"access": "", "secret": ""})
        if missing and not check_mode:
            identity.create_credential(
                type="ec2", user_id=access.user_id, project_id=access.project_id, blob=json.dumps(kept[0])
            )
        for blob in [] if check_mode else gone:
            identity.delete_credential(blob["id"])
    except openstack.exceptions.ForbiddenException as problem:
        raise Refusal(
            f"Keystone keeps cloud '{cloud}' from EC2 credentials: {one_line(problem)} {WAYS_OUT}"
        ) from problem
    except (openstack.exceptions.SDKException, keystone.ClientException) as problem:
        raise Refusal(f"Keystone does not manage cloud '{cloud}'s EC2 credentials: {one_line(problem)}") from problem
    newest = kept[0] if kept else {"access": "", "secret": ""}
    return {
        "changed": missing or bool(gone),
        "access": newest["access"],
        "secret": newest["secret"],
        "made": missing,
        "older": [blob["access"] for blob in kept[1:]],
        "removed": [blob["access"] for blob in gone],
        "project_id": access.project_id,
    }


def main():
    openstack_login.run(
        ensure,
        purpose={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "rotated", "newest", "absent"], "default": "present"},
    )


if __name__ == "__main__":
    main()
