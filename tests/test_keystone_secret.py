"""The parts of the module keystone_secret that need no Keystone."""

import json

import pytest
from conftest import plugin

module = plugin("backup/library/keystone_secret.py")


def credential(secret="s", purpose="lab", project="p", **more):
    return {"id": "1", "project_id": project, "blob": json.dumps({"secret": secret, "purpose": purpose, **more})}


def found(*credentials):
    return [blob["secret"] for blob in module.find(credentials, "p", "lab")]


def test_the_purpose_finds_the_secret():
    assert found(credential("1", "backup"), credential("2"), credential("3", "lab 2")) == ["2"]


def test_another_projects_secret_is_not_ours():
    assert found(credential(project="another")) == []


def test_the_oldest_counts_for_it_has_locked_something():
    assert found(credential("2", created=2), credential("1", created=1)) == ["1", "2"]


@pytest.mark.parametrize("blob", [None, "", "no json", "[]", '{"purpose": "lab"}', '{"secret": "s"}'])
def test_what_others_wrote_does_no_harm(blob):
    assert found({"id": "1", "project_id": "p", "blob": blob}) == []


def test_a_new_one_is_found_again_and_is_never_the_same():
    first, second = module.new("lab"), module.new("lab")
    assert found({"id": "1", "project_id": "p", "blob": json.dumps(first)}) == [first["secret"]]
    assert first["secret"] != second["secret"]
    assert len(first["secret"]) == 64
