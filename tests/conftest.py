"""What the tests share."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import ansible.module_utils
import pytest

ROOT = Path(__file__).parent.parent

# Where ansible.cfg lets Ansible find what the project's own modules share.
ansible.module_utils.__path__.append(str(ROOT / "plugins/module_utils"))

# The tools of the virtual environment call each other by name, so they have to be found without activating it, too.
os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def plugin(path):
    """Load a module or plugin of a role, which Ansible alone can import."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / "roles" / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def project_files():
    """What Git has or would take, leaving out what it ignores."""
    # Git may find a checkout that belongs to another user dubious; here it is only read.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def pytest_collection_modifyitems(items):
    """Put what takes seconds before what takes minutes."""
    items.sort(key=lambda item: item.path.name == "test_scenarios.py")


@pytest.fixture
def live(capsys):
    """Print a line at once, past pytest's capturing, and from a process beside pytest's own."""

    def write(line):
        with capsys.disabled():
            print(line, file=sys.stderr, flush=True)

    return write
