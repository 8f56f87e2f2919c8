#!/usr/bin/python3
"""Return when a token of the application credential opens the store, and S3 answers."""

import os
import time

import openstack
import requests

CA = "/etc/store/ca.pem"
os.environ["OS_CLIENT_CONFIG_FILE"] = "/etc/store/clouds.yaml"


def answers():
    cloud = openstack.connect(cloud="lab", cacert=CA)
    list(cloud.object_store.containers())
    address = open("/etc/store/address").read()
    requests.get(f"https://{address}/", verify=CA, timeout=5).raise_for_status()


while True:
    try:
        answers()
        break
    except (openstack.exceptions.SDKException, requests.RequestException) as problem:
        print(f"not yet: {problem}", flush=True)
        time.sleep(0.5)
