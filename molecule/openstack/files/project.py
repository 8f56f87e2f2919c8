"""Write all that the project of the cloud `arbutus` has to the file that is named: a JSON list of kinds and names."""

import json
import sys
from pathlib import Path

import openstack

cloud = openstack.connect(cloud="arbutus")
things = {
    "server": cloud.compute.servers(),
    "volume": cloud.block_storage.volumes() if cloud.has_service("block-storage") else [],
    "keypair": cloud.compute.keypairs(),
    "network": cloud.network.networks(project_id=cloud.current_project_id),
    "router": cloud.network.routers(),
    "security group": cloud.network.security_groups(project_id=cloud.current_project_id),
    "floating IP": cloud.network.ips(project_id=cloud.current_project_id),
    "container": cloud.object_store.containers(),
    "credential": cloud.identity.credentials(type="ec2", user_id=cloud.current_user_id),
}
found = [(kind, thing.name or thing.id) for kind, some in things.items() for thing in some]
kept = cloud.identity.credentials(type="mlflow-lab-secret", user_id=cloud.current_user_id)
found += [("secret", json.loads(thing.blob)["purpose"]) for thing in kept]
# The cloud's own ports, of routers and DHCP, come and go with what it needs.
ports = cloud.network.ports(project_id=cloud.current_project_id)
found += [("port", port.name) for port in ports if not port.device_owner.startswith("network:")]
Path(sys.argv[1]).write_text(json.dumps(sorted(found), indent=1))
