"""What the module s3_lifecycle_rule makes of a bucket's rules."""

import pytest
from conftest import plugin

module = plugin("object_store/library/s3_lifecycle_rule.py")

OURS = module.wanted("mlflow-lab", 90, 7)
THEIRS = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}


def test_old_versions_and_unfinished_uploads_go_and_nothing_else():
    assert OURS == [
        {
            "ID": "mlflow-lab",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]


def test_a_rule_that_would_do_nothing_is_none():
    assert module.wanted("mlflow-lab", 0, 0) == []


def test_a_rule_of_others_stays():
    assert module.merged([THEIRS], "mlflow-lab", OURS) == (True, [THEIRS, *OURS])
    assert module.merged([THEIRS, *OURS], "mlflow-lab", []) == (True, [THEIRS])


def test_a_rule_that_is_right_is_left():
    assert module.merged([*OURS, THEIRS], "mlflow-lab", OURS)[0] is False


@pytest.mark.parametrize("spelling", [{"Prefix": ""}, {"Filter": {}}, {"Filter": {"Prefix": ""}, "Prefix": ""}])
def test_stores_spell_the_whole_bucket_in_several_ways(spelling):
    known = {key: value for key, value in OURS[0].items() if key != "Filter"} | spelling
    assert module.merged([known], "mlflow-lab", OURS)[0] is False


def test_a_rule_that_somebody_narrowed_is_set_right():
    assert module.merged([OURS[0] | {"Filter": {"Prefix": "tmp/"}}], "mlflow-lab", OURS)[0] is True
