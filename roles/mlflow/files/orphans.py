"""Counts the objects of the bucket that nothing in the database refers to any more, and writes it down. Removes none.

Arguments: the file to write, and how many hours old an object has to be, for a younger one may be an upload under way.
The file says in JSON how many objects there are, how many of them are orphans, their bytes, and their folders.
Runs in the server's environment.
"""

import collections
import datetime
import json
import os
import posixpath
import re
import sys

import boto3
from sqlalchemy import create_engine, text

PLACES = """
    SELECT artifact_uri FROM runs UNION SELECT artifact_location FROM logged_models
    UNION SELECT source FROM model_versions UNION SELECT storage_location FROM model_versions
    UNION SELECT value FROM trace_tags WHERE key = 'mlflow.artifactLocation'
"""

destination = os.environ.get("MLFLOW_ARTIFACTS_DESTINATION") or os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"]
bucket, _, root = destination.removeprefix("s3://").partition("/")


def key_of(uri):
    """Return the key below which a URI's objects are, or nothing where it names no place in this bucket."""
    if proxied := re.match(r"mlflow-artifacts:(?://[^/]*)?/(.*)", uri):
        return posixpath.join(root, proxied[1]).rstrip("/")
    return uri.removeprefix(f"s3://{bucket}/").rstrip("/") if uri.startswith(f"s3://{bucket}/") else None


def parents(key):
    while key := posixpath.dirname(key):
        yield key


# The objects first: what is logged meanwhile is then known to the database.
store = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{root}/" if root else "")
before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=float(sys.argv[2]))
objects, old = 0, []
for page in pages:
    for found in page.get("Contents", []):
        objects += 1
        if found["LastModified"] < before:
            old.append((found["Key"], found["Size"]))
with create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"]).connect() as connection:
    known = {key_of(uri) for (uri,) in connection.execute(text(PLACES)) if uri}

orphans = [(key, size) for key, size in old if not known.intersection(parents(key))]
folders = collections.Counter("/".join(key.split("/")[:-1]) for key, _ in orphans)
report = {
    "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    "objects": objects,
    "orphans": len(orphans),
    "bytes": sum(size for _, size in orphans),
    "folders": sorted(folders)[:1000],
}
with open(f"{sys.argv[1]}.new", "w") as file:
    json.dump(report, file, indent=1)
os.replace(f"{sys.argv[1]}.new", sys.argv[1])
print(f"Of {objects} objects, {len(orphans)} belong to nothing that is known; they are in {len(folders)} folders.")
