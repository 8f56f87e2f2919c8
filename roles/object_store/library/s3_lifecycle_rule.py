#!/usr/bin/python
"""Have one rule in the lifecycle of an S3 bucket, and leave the others as they are."""

DOCUMENTATION = r"""
module: s3_lifecycle_rule
short_description: One rule, for a whole bucket, in the lifecycle of an S3 bucket
description:
  - Sets what happens to old versions and to unfinished uploads in a bucket. Rules with other names stay as they are.
  - C(community.aws.s3_lifecycle) does not do here. Ceph tells a rule for the whole bucket from one without a filter by
    another key (C(Prefix), not C(Filter)), by which that module takes its own rule for another, removes the name and adds
    the rule once more, in every run; nor does it know check mode.
options:
  bucket:
    description: Name of the bucket.
    type: str
    required: true
  rule:
    description: Name of the rule.
    type: str
    required: true
  old_versions_days:
    description:
      - Days after which a version that was overwritten or deleted is removed; the mark of a deletion goes after the last
        version behind it. V(0) keeps them.
    type: int
    required: true
  unfinished_uploads_days:
    description: Days after which the parts of an upload that was never finished are removed. V(0) keeps them.
    type: int
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
requirements: [boto3]
author: mlflow-lab contributors
attributes:
  check_mode:
    description: Says whether the rule would be changed. A bucket that is missing counts as one without rules.
    support: full
  diff_mode:
    description: Shows the bucket's rules.
    support: full
"""

EXAMPLES = r"""
- name: Remove old versions after 90 days (keys not logged)
  s3_lifecycle_rule:
    bucket: uvic-climate-mlflow
    rule: mlflow-lab
    old_versions_days: 90
    unfinished_uploads_days: 7
    endpoint_url: https://object-arbutus.alliancecan.ca
    access_key: "{{ access_key }}"
    secret_key: "{{ secret_key }}"
  no_log: true
"""

RETURN = r"""
rules:
  description: The bucket's rules, as S3 has them.
  returned: success
  type: list
  elements: dict
"""

import contextlib
import json

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

with contextlib.suppress(ImportError):  # AnsibleAWSModule says so
    import botocore.exceptions


def wanted(rule, old_versions_days, unfinished_uploads_days):
    """Return the rule, or nothing where it would do nothing."""
    actions = {}
    if old_versions_days:
        actions["NoncurrentVersionExpiration"] = {"NoncurrentDays": old_versions_days}
        actions["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    if unfinished_uploads_days:
        actions["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": unfinished_uploads_days}
    return [{"ID": rule, "Status": "Enabled", "Filter": {"Prefix": ""}, **actions}] if actions else []


def normal(rule):
    """Return a rule for the whole bucket in one of the ways in which stores spell it."""
    rule = dict(rule)
    if not rule.get("Prefix") and rule.get("Filter", {}) in ({}, {"Prefix": ""}):
        rule.pop("Prefix", None)
        rule["Filter"] = {"Prefix": ""}
    return rule


def merged(rules, rule, want):
    """Return whether something has to change, and all rules as they should be."""
    ours = [known for known in rules if known.get("ID") == rule]
    others = [known for known in rules if known.get("ID") != rule]
    return [normal(known) for known in ours] != want, others + want


def rules_of(client, bucket, check_mode):
    try:
        return client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except is_boto3_error_code("NoSuchLifecycleConfiguration"):
        return []
    except is_boto3_error_code("NoSuchBucket"):
        if check_mode:  # it would have been made before
            return []
        raise


def ensure(client, params, check_mode):
    bucket, rule = params["bucket"], params["rule"]
    before = rules_of(client, bucket, check_mode)
    want = wanted(rule, params["old_versions_days"], params["unfinished_uploads_days"])
    changed, after = merged(before, rule, want)
    if changed and not check_mode:
        if after:
            client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": after})
        else:
            client.delete_bucket_lifecycle(Bucket=bucket)
    return changed, before, after if changed else before


def plain(rules):
    """Return rules without what JSON does not know: dates."""
    return json.loads(json.dumps(rules, default=str))


def main():
    module = AnsibleAWSModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "rule": {"type": "str", "required": True},
            "old_versions_days": {"type": "int", "required": True},
            "unfinished_uploads_days": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        changed, before, after = ensure(module.client("s3"), module.params, module.check_mode)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
        module.fail_json_aws(problem, msg="The lifecycle of the bucket cannot be set")
    diff = {"before": {"rules": plain(before)}, "after": {"rules": plain(after)}}
    module.exit_json(changed=changed, rules=plain(after), diff=diff)


if __name__ == "__main__":
    main()
