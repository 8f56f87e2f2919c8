"""The parts of the module ec2_credential that need no Keystone."""

import importlib.util
import json

import pytest
from conftest import ROOT

spec = importlib.util.spec_from_file_location("ec2_credential", ROOT / "roles/object_store/library/ec2_credential.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def credential(purpose="lab", access="a", project="p", **more):
    return {"project_id": project, "blob": json.dumps({"access": access, "secret": "s", "purpose": purpose, **more})}


def test_the_purpose_finds_the_keys():
    credentials = [credential("backup", "1"), credential("lab", "2"), credential("lab 2", "3")]
    assert [keys["access"] for keys in module.find(credentials, "p", "lab")] == ["2"]


def test_keys_of_another_project_are_not_ours():
    assert module.find([credential(project="another")], "p", "lab") == []


def test_of_several_it_is_always_the_same():
    two = [credential(access="2"), credential(access="1")]
    assert module.find(two, "p", "lab") == module.find(two[::-1], "p", "lab")


@pytest.mark.parametrize(
    "blob", [None, "", "no json", "[]", "{}", '{"access": "a", "secret": "s"}', '{"purpose": "lab"}']
)
def test_what_others_wrote_does_no_harm(blob):
    assert module.find([{"project_id": "p", "blob": blob}], "p", "lab") == []


def test_new_keys_are_found_again():
    keys = module.new("lab")
    assert module.find([{"project_id": "p", "blob": json.dumps(keys)}], "p", "lab") == [keys]


def test_new_keys_are_never_the_same():
    first, second = module.new("lab"), module.new("lab")
    assert first["access"] != second["access"]
    assert first["secret"] != second["secret"]
    assert len(first["secret"]) == 64


@pytest.fixture
def clouds_file(tmp_path):
    path = tmp_path / "clouds.yaml"
    path.write_text("clouds: {one: {auth: {auth_url: https://k}}, another: {auth: {auth_url: https://k}}}")
    return str(path)


def test_a_known_cloud_is_read(clouds_file):
    assert module.cloud_config("one", clouds_file).config["auth"]["auth_url"] == "https://k"


def test_an_unknown_cloud_is_told_from_those_there_are(clouds_file):
    with pytest.raises(module.Refusal) as refusal:
        module.cloud_config("arbutus", clouds_file)
    assert str(refusal.value) == f"{clouds_file} has no entry 'arbutus'. It has: another, one."


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(module.Refusal, match=r"There is no file .*/none\.yaml\."):
        module.cloud_config("one", str(tmp_path / "none.yaml"))


class Access:
    user_id = "u"

    def __init__(self, **login):
        self._data = {"token": {"methods": ["x"], **({"application_credential": login} if login else {})}}


class Identity:
    """Keystone that answers every look with one status."""

    def __init__(self, status_code):
        self.status_code = status_code

    def get(self, path):
        assert path in ("/users/u/credentials/OS-EC2", "/users/u/application_credentials/maker")
        return self


@pytest.mark.parametrize(
    ("blob", "status_code", "expected"),
    [({}, 404, False), ({"app_cred_id": "maker"}, 200, False), ({"app_cred_id": "maker"}, 404, True)],
)
def test_keys_die_with_their_maker(blob, status_code, expected):
    assert module.is_orphan(Identity(status_code), "u", blob) is expected


@pytest.mark.parametrize(
    ("access", "status_code", "expected"),
    [
        (Access(), 403, None),
        (Access(restricted=False), 200, None),
        (Access(restricted=True), 200, "it is a restricted application credential. Use one that was made with"),
        (Access(restricted=False), 403, "not even the unrestricted one of cloud 'lab'"),
    ],
)
def test_who_may_make_keys(access, status_code, expected):
    if expected is None:
        module.may_make_one(Identity(status_code), access, "lab")
        return
    with pytest.raises(module.Refusal, match=expected):
        module.may_make_one(Identity(status_code), access, "lab")
