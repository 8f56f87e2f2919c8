#!/usr/bin/python3
"""Return when a token of the application credential opens the store through the catalogue, and S3 answers."""

import os
import pathlib
import time

import openstack
from keystoneauth1.exceptions import ClientException

STORE = pathlib.Path("/etc/store")

os.environ["OS_CLIENT_CONFIG_FILE"] = str(STORE / "clouds.yaml")
session = openstack.connect(cloud="lab", cacert=str(STORE / "ca.pem")).session
swift = session.get_endpoint(service_type="object-store", skip_discovery=True)
s3 = f"https://{(STORE / 'address').read_text()}/"

while True:
    try:
        session.get(swift)
        session.get(s3, authenticated=False)
        break
    except ClientException as problem:
        print(f"not yet: {problem}", flush=True)
        time.sleep(0.5)
