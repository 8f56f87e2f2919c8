#!/usr/bin/python
"""Look at what an S3 bucket holds, or remove the bucket with all of it."""

DOCUMENTATION = r"""
module: s3_bucket_contents
short_description: What an S3 bucket holds, and its removal
description:
  - Counts what is in a bucket, or removes the bucket with its objects, their old versions, the marks of deletions and the
    parts of unfinished uploads. Removing may be interrupted; the next call goes on.
  - C(amazon.aws.s3_bucket) can remove a bucket, too, but knows no check mode; and no module counts versions.
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description: V(counted) only looks. V(absent) removes the bucket and all that is in it, for good.
    type: str
    choices: [counted, absent]
    default: counted
  at_most:
    description: Stop counting there, for a large bucket would take minutes.
    type: int
    default: 10000
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
requirements: [boto3]
author: mlflow-lab contributors
attributes:
  check_mode:
    description: Counts, removes nothing, and says whether it would.
    support: full
"""

EXAMPLES = r"""
- name: See what is in the bucket (keys not logged)
  s3_bucket_contents:
    bucket: uvic-climate-mlflow
    endpoint_url: https://object-arbutus.alliancecan.ca
    access_key: "{{ access_key }}"
    secret_key: "{{ secret_key }}"
  no_log: true
"""

RETURN = r"""
contents:
  description: What is in the bucket; with state V(absent), what was.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether there is such a bucket among those of the project.
      type: bool
    objects:
      description: How many objects a user would see.
      type: int
    old_versions:
      description: How many versions were overwritten or deleted, the marks of deletions included.
      type: int
    bytes:
      description: The size of all versions together.
      type: int
    more:
      description: Whether counting was stopped, so that there is more than that.
      type: bool
"""

import contextlib
from itertools import chain

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

with contextlib.suppress(ImportError):  # AnsibleAWSModule says so
    import botocore.exceptions

NOTHING = {"exists": False, "objects": 0, "old_versions": 0, "bytes": 0, "more": False}


def exists(client, bucket):
    return bucket in [known["Name"] for known in client.list_buckets()["Buckets"]]


def pages(client, bucket):
    """Return, in portions of up to 1000, all versions of the bucket's objects, the marks of deletions among them."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        yield page.get("Versions", []) + page.get("DeleteMarkers", [])


def count(client, bucket, at_most):
    if not exists(client, bucket):
        return NOTHING
    found = NOTHING | {"exists": True}
    for version in chain.from_iterable(pages(client, bucket)):
        if found["objects"] + found["old_versions"] == at_most:
            return found | {"more": True}
        # The mark of a deletion is the only one without a size.
        found["objects" if version["IsLatest"] and "Size" in version else "old_versions"] += 1
        found["bytes"] += version.get("Size", 0)
    return found


def remove_objects(client, bucket):
    for page in pages(client, bucket):
        if page:
            versions = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in page]
            failed = client.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True}).get("Errors")
            if failed:
                raise RuntimeError(f"{failed[0]['Key']} stays: {failed[0].get('Message') or failed[0]['Code']}")


def remove_uploads(client, bucket):
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def remove(client, bucket):
    try:
        remove_uploads(client, bucket)
        remove_objects(client, bucket)
        client.delete_bucket(Bucket=bucket)
    except is_boto3_error_code("NoSuchBucket"):
        pass  # somebody else was faster


def main():
    module = AnsibleAWSModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["counted", "absent"], "default": "counted"},
            "at_most": {"type": "int", "default": 10000},
        },
        supports_check_mode=True,
    )
    bucket = module.params["bucket"]
    client = module.client("s3")
    try:
        contents = count(client, bucket, module.params["at_most"])
        changed = module.params["state"] == "absent" and contents["exists"]
        if changed and not module.check_mode:
            remove(client, bucket)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, RuntimeError) as problem:
        module.fail_json_aws(problem, msg=f"The bucket {bucket} cannot be {module.params['state']}")
    module.exit_json(changed=changed, contents=contents)


if __name__ == "__main__":
    main()
