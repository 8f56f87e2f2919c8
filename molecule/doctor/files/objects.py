"""Prints the keys of the objects in the bucket, in the server's environment; with arguments, puts these first."""

import os
import sys

import boto3

store = boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])
for key in sys.argv[1:]:
    store.put_object(Bucket="demo-mlflow", Key=key, Body=b"stray")
pages = store.get_paginator("list_objects_v2").paginate(Bucket="demo-mlflow")
print("\n".join(found["Key"] for page in pages for found in page.get("Contents", [])))
