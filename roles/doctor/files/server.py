"""Does with the object store what the server does, in the server's own environment, and counts connections.

Prints JSON. What it puts into the bucket is below `.doctor/`, and goes again with all its versions.
"""

import contextlib
import json
import os
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

bucket = (os.environ.get("MLFLOW_ARTIFACTS_DESTINATION") or os.environ["MLFLOW_DEFAULT_ARTIFACT_ROOT"])[len("s3://") :]
bucket, _, folder = bucket.partition("/")
place = {"Bucket": bucket, "Key": f"{folder}/.doctor/{uuid.uuid4()}".lstrip("/")}
part = b"0" * 5 * 2**20  # the least that a part may be, but for the last one
store = boto3.client(
    "s3",
    endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"],
    config=Config(connect_timeout=3, read_timeout=8, retries={"total_max_attempts": 1}),
)


def put():
    store.put_object(**place, Body=b"put")
    assert store.get_object(**place)["Body"].read() == b"put", "what comes back differs from what was put"


def multipart():
    upload = {**place, "UploadId": store.create_multipart_upload(**place)["UploadId"]}
    try:
        tags = [
            {"PartNumber": number, "ETag": store.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
            for number, body in ((1, part), (2, b"end"))
        ]
        store.complete_multipart_upload(**upload, MultipartUpload={"Parts": tags})
    except (BotoCoreError, ClientError):
        with contextlib.suppress(BotoCoreError, ClientError):  # the first one says more
            store.abort_multipart_upload(**upload)
        raise
    size = store.head_object(**place)["ContentLength"]
    assert size == len(part) + 3, f"of {len(part) + 3} bytes {size} arrived"


def delete():
    """As MLflow deletes; then each version, and what marks the object as deleted."""
    store.delete_object(**place)
    found = store.list_object_versions(Bucket=bucket, Prefix=place["Key"])
    for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
        store.delete_object(**place, VersionId=version["VersionId"])
    left = store.list_object_versions(Bucket=bucket, Prefix=place["Key"])
    assert not left.get("Versions") and not left.get("DeleteMarkers"), f"{place['Key']} is still there"


def max_connections():
    try:
        engine = create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"], connect_args={"connect_timeout": 5})
        with engine.connect() as connection:
            return int(connection.scalar(text("SHOW max_connections")))
    except SQLAlchemyError:  # other checks tell that
        return None


problems = []
begun = time.monotonic()
for step in (put, multipart, delete):
    try:
        step()
    except (BotoCoreError, ClientError, AssertionError) as problem:
        problems.append(f"{step.__name__}: {problem}")
        if "ndpoint URL" in str(problem):
            break  # nobody there: the rest would only take its time

print(
    json.dumps(
        {
            "endpoint": os.environ["MLFLOW_S3_ENDPOINT_URL"],
            "bucket": bucket,
            "problems": problems,
            "seconds": round(time.monotonic() - begun, 1),
            "max_connections": max_connections(),
            "pool": sum(int(os.environ[f"MLFLOW_SQLALCHEMYSTORE_{name}"]) for name in ("POOL_SIZE", "MAX_OVERFLOW")),
        }
    )
)
