"""The options that every module takes which logs in by plugins/module_utils/openstack_login.py."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  cloud:
    description: Entry of clouds.yaml.
    type: str
    required: true
  clouds_file:
    description: Path of clouds.yaml. Where openstacksdk looks, if left out.
    type: path
requirements: [openstacksdk]
author: mlflow-lab contributors
"""
