import pytest
from molecule_log import GONE, failing_part

LOG = """\
TASK [Let it look] *************************************************************
ok: [debian12]
ok: [debian13]

TASK [It finds nothing without a written reason] *******************************
fatal: [debian13]: FAILED! => {"msg": "open ['PKGS-7392']"}
ok: [debian12]

TASK [Rules that shut Ansible out are refused] *********************************
fatal: [debian12]: FAILED! => {"msg": "no new SSH connection"}

TASK [As expected] *************************************************************
ok: [debian12]
{rest}
PLAY RECAP *********************************************************************
debian12                   : ok=9    changed=0    unreachable=0    failed=0    skipped=0    rescued=1    ignored=0
debian13                   : ok=2    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0

CRITICAL Ansible return code was 2, command was: ansible-playbook verify.yml
ERROR    baseline ➜ verify: Executed: Failed

TASK [Remove the container] ****************************************************
changed: [debian12]
"""


def test_a_lost_host_s_task_is_shown_however_far_the_others_went():
    lines = LOG.replace("{rest}", "\nTASK [Another] ***\nok: [debian12]\n" * 40).splitlines(keepends=True)
    part = failing_part(lines)
    assert part.startswith("TASK [It finds nothing without a written reason]")
    assert "open ['PKGS-7392']" in part
    assert "no new SSH connection" not in part  # it was expected
    assert part.endswith("ERROR    baseline ➜ verify: Executed: Failed\n")


def test_without_a_recap_there_is_the_end():
    assert failing_part(LOG.splitlines(keepends=True)[:3]) == "".join(LOG.splitlines(keepends=True)[:3])


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("        ssh: connect to host 172.30.18.31 port 22: No route to host", True),
        ("        ssh: connect to host 172.30.18.31 port 22: Connection refused", False),
        ("        ssh: connect to host 172.30.18.31 port 22: Connection timed out", False),
        ("    msg: No route to host", False),
    ],
)
def test_a_host_that_is_gone_is_another_matter_than_one_that_refuses(said, gone):
    assert bool(GONE.search(said)) == gone
