"""What the module console_host_key reads from a console."""

from conftest import plugin

module = plugin("openstack_server/library/console_host_key.py")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK83GUgOei2u88va7cTIAFH5fgNg3UCyRj06B4M+mOrZ"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def console(key):
    return f"""[    1.0] cloud-init: {OTHER}
-----BEGIN SSH HOST KEY KEYS-----\r
ecdsa-sha2-nistp256 AAAAE2VjZHNh root@mlflow\r
{key} root@mlflow\r
-----END SSH HOST KEY KEYS-----\r
[   12.0] cloud-init[498]: Cloud-init finished
"""


def test_the_key_stands_between_the_marks():
    assert module.host_key(console(KEY)) == KEY


def test_half_a_block_is_none_yet():
    assert module.host_key(console(KEY).partition("-----END")[0]) == ""


def test_a_line_of_another_program_is_not_believed():
    assert module.host_key(f"login: {KEY}\n") == ""


def test_after_a_rebuild_the_last_one_counts():
    assert module.host_key(console(KEY) + console(OTHER)) == OTHER
