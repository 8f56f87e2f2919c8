"""How the project's modules find a login in clouds.yaml."""

import pytest
from ansible.module_utils import openstack_login


@pytest.fixture
def clouds_file(tmp_path):
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds: {one: {auth: {auth_url: https://k}}, another: {auth: {auth_url: https://k}}}")
    return str(path)


def test_a_known_cloud_is_read(clouds_file):
    assert openstack_login.cloud_config("one", clouds_file).config["auth"]["auth_url"] == "https://k"


def test_an_unknown_cloud_is_told_from_those_there_are(clouds_file):
    with pytest.raises(openstack_login.Refusal) as refusal:
        openstack_login.cloud_config("arbutus", clouds_file)
    assert str(refusal.value) == f"{clouds_file} has no entry 'arbutus'. It has: another, one."


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(openstack_login.Refusal, match=r"There is no file .*/none\.yaml\."):
        openstack_login.cloud_config("one", str(tmp_path / "none.yaml"))
