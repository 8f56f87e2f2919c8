"""The parts of the module ec2_credential that need no Keystone."""

import json

import pytest
from conftest import plugin

module = plugin("object_store/library/ec2_credential.py")


def credential(purpose="lab", access="a", project="p", **more):
    blob = {"access": access, "secret": "s", "purpose": purpose, **more}
    return {"id": f"id of {access}", "project_id": project, "blob": json.dumps(blob)}


def found(*credentials):
    return [keys["access"] for keys in module.find(credentials, "p", "lab")]


def test_the_purpose_finds_the_keys():
    assert found(credential("backup", "1"), credential("lab", "2"), credential("lab 2", "3")) == ["2"]


def test_keys_of_another_project_are_not_ours():
    assert found(credential(project="another")) == []


def test_of_several_the_newest_is_the_first():
    assert found(credential(access="1", created=5), credential(access="2", created=10)) == ["2", "1"]


def test_of_several_of_one_age_it_is_always_the_same():
    two = [credential(access="2"), credential(access="1")]
    assert found(*two) == found(*two[::-1])


@pytest.mark.parametrize("created", [None, "yesterday", []])
def test_keys_that_do_not_tell_their_age_are_the_oldest(created):
    assert found(credential(access="2", created=created), credential(access="1", created=1)) == ["1", "2"]


@pytest.mark.parametrize(
    "blob", [None, "", "no json", "[]", "{}", '{"access": "a", "secret": "s"}', '{"purpose": "lab"}']
)
def test_what_others_wrote_does_no_harm(blob):
    assert found({"id": "1", "project_id": "p", "blob": blob}) == []


def test_new_keys_are_found_again():
    keys = module.new("lab", [])
    assert module.find([{"id": "1", "project_id": "p", "blob": json.dumps(keys)}], "p", "lab") == [keys | {"id": "1"}]


def test_new_keys_are_never_the_same():
    first, second = module.new("lab", []), module.new("lab", [])
    assert first["access"] != second["access"]
    assert first["secret"] != second["secret"]
    assert len(first["secret"]) == 64


def test_new_keys_are_the_newest_even_where_another_machines_clock_was_fast():
    old = {"access": "1", "secret": "s", "purpose": "lab", "created": 2**40}
    assert module.age_of(module.new("lab", [old])) > module.age_of(old)


@pytest.mark.parametrize(
    ("state", "live", "missing", "gone"),
    [
        ("present", [], True, []),
        ("present", ["2", "1"], False, []),
        ("rotated", [], True, []),
        ("rotated", ["1"], True, []),
        ("rotated", ["2", "1"], False, []),  # made by a rotation that was interrupted
        ("newest", [], False, []),
        ("newest", ["2", "1"], False, ["1"]),
        ("absent", ["2", "1"], False, ["2", "1"]),
    ],
)
def test_what_a_state_makes_and_removes(state, live, missing, gone):
    blobs = [{"access": access} for access in live]
    assert module.is_missing(state, blobs) is missing
    assert [blob["access"] for blob in module.superfluous(state, blobs, blobs)] == gone


def test_keys_that_open_nothing_go_with_the_older_ones():
    live, orphan = {"access": "2"}, {"access": "1"}
    assert module.superfluous("newest", [orphan, live], [live]) == [orphan]
    assert module.superfluous("present", [orphan, live], [live]) == []


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
        module.may_manage(Identity(status_code), access, "lab")
        return
    with pytest.raises(module.Refusal, match=expected):
        module.may_manage(Identity(status_code), access, "lab")
