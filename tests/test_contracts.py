"""What no linter knows: the project's parts agree with each other."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import ansible_collections
import jinja2
import pytest
import yaml
from conftest import ROOT, plugin, project_files
from packaging.specifiers import SpecifierSet

ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/tasks/main.yml"))
INSTALLED = Path(next(iter(ansible_collections.__path__)))
REQUIREMENTS = {
    collection["name"]: collection["version"]
    for collection in yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"]
}

lab = plugin("lab/filter_plugins/lab.py")

# Names that every role may use, because they are Ansible's own or Jinja's.
SHARED = "|".join(
    [
        r"ansible_\w+|group_names|groups|hostvars|inventory_\w+|item|lookup|loop|now|omit|playbook_dir|query|role_path|undef",
        *jinja2.defaults.DEFAULT_NAMESPACE,
    ]
)
# Keywords whose values are expressions even without braces.
CONDITIONS = {"when", "that", "failed_when", "changed_when", "until"}

per_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


class Loader(yaml.SafeLoader):
    """Reads Ansible's tags (!vault, !unsafe) as plain values."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: node.value)


def read(path):
    return yaml.load(path.read_text(), Loader) if path.exists() else None


def options_of(role):
    return read(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def defaults_of(role):
    return read(role / "defaults/main.yml") or {}


def is_undefined(value):
    return isinstance(value, str) and value.startswith("{{ undef(")


@per_role
def test_defaults_are_those_of_the_specification(role):
    options, defaults = options_of(role), defaults_of(role)
    promised = {name: option["default"] for name, option in options.items() if "default" in option}
    assert promised == {name: value for name, value in defaults.items() if not is_undefined(value)}


@per_role
def test_what_has_no_default_is_required(role):
    options = options_of(role)
    undefined = {name for name, value in defaults_of(role).items() if is_undefined(value)}
    assert undefined == {name for name in undefined if options.get(name, {}).get("required")}


@per_role
def test_defaults_have_the_order_of_the_specification(role):
    defaults = defaults_of(role)
    assert list(defaults) == [name for name in options_of(role) if name in defaults]


def undescribed(options, path=""):
    for name, option in options.items():
        if not option.get("description"):
            yield path + name
        yield from undescribed(option.get("options", {}), f"{path}{name}.")


@per_role
def test_every_option_is_described(role):
    assert list(undescribed(options_of(role))) == []


def expressions(value, keyword=None):
    """All templates within a YAML structure; a bare condition gets its braces."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from expressions(child, key)
    elif isinstance(value, list):
        for child in value:
            yield from expressions(child, keyword)
    elif isinstance(value, str):
        yield f"{{{{ {value} }}}}" if keyword in CONDITIONS else value


def values_of(structure, keyword):
    """What stands behind a keyword anywhere in a YAML structure."""
    if isinstance(structure, dict):
        for key, child in structure.items():
            if key == keyword:
                yield child
            yield from values_of(child, keyword)
    elif isinstance(structure, list):
        for child in structure:
            yield from values_of(child, keyword)


def tasks_of(role):
    return [read(path) for folder in ("tasks", "handlers") for path in sorted(role.glob(f"{folder}/**/*.yml"))]


def constants_of(role):
    return [read(path) or {} for folder in ("defaults", "vars") for path in sorted(role.glob(f"{folder}/**/*.yml"))]


def names_in(template):
    """The variables that a template takes from outside."""
    parsed = jinja2.Environment().parse(template)
    names = list(parsed.find_all(jinja2.nodes.Name))
    own = {name.name for name in names if name.ctx != "load"} | {
        one.name for one in parsed.find_all(jinja2.nodes.Macro)
    }
    return {name.name for name in names if name.ctx == "load"} - own


def strangers(role, names):
    known = re.compile(rf"(__)?{role.name}(_\w+)?|{SHARED}")
    return {name for name in names if not known.fullmatch(name)}


@per_role
def test_a_role_knows_only_its_own_variables(role):
    tasks = tasks_of(role)
    templates = [*expressions(tasks), *expressions(constants_of(role))]
    templates += [path.read_text() for path in sorted(role.glob("templates/**/*")) if path.is_file()]
    used = set().union(*map(names_in, templates))
    items = set(values_of(tasks, "loop_var")) | set(values_of(tasks, "index_var"))
    assert strangers(role, used - items) == set()


@per_role
def test_a_role_sets_only_its_own_variables(role):
    tasks = tasks_of(role)
    dicts = [*constants_of(role), *values_of(tasks, "ansible.builtin.set_fact"), *values_of(tasks, "vars")]
    assert strangers(role, set(values_of(tasks, "register")).union(*dicts) - {"cacheable"}) == set()


@pytest.mark.parametrize("name", sorted(REQUIREMENTS))
def test_the_ansible_package_brings_the_collection(name):
    manifest = json.loads((INSTALLED / name.replace(".", "/") / "MANIFEST.json").read_text())
    assert manifest["collection_info"]["version"] in SpecifierSet(REQUIREMENTS[name])


def test_requirements_name_exactly_the_collections_in_use():
    files = [path for folder in ("roles", "playbooks", "molecule") for path in ROOT.glob(f"{folder}/**/*.yml")]
    words = {word for path in files for word in re.findall(r"\b([a-z_]+\.[a-z_]+)\.[a-z_]\w*", path.read_text())}
    used = {word for word in words if (INSTALLED / word.replace(".", "/") / "MANIFEST.json").exists()}
    assert used == set(REQUIREMENTS)


@pytest.mark.skipif(not shutil.which("uv"), reason="uv is not on PATH")
def test_the_lock_is_fresh():
    command = ["uv", "lock", "--check", "--offline"]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_readmes_are_fresh():
    command = [sys.executable, "scripts/docs", "--check"]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_role_documents_each_variable_of_the_inventory_to_fill_in():
    folder = ROOT / "inventory/arbutus"
    # The other source there, openstack.yml, asks a cloud.
    command = ["ansible-inventory", "-i", folder / "hosts.yml", "--list"]
    run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    hosts = json.loads(run.stdout)["_meta"]["hostvars"].values()
    variables = set(read(folder / "group_vars/all/vault.yml.example")).union(*hosts)
    documented = {name for path in lab.contracts(ROOT / "roles/lab") for name in lab.documented_variables(path)}
    assert {name for name in variables - documented if not name.startswith("ansible_")} == set()


def test_no_file_knows_where_it_was_written():
    private = re.compile(rb"(?<![\w.-])[/](work|workspace|Users)/|[.]pyenv[/]")
    assert [path for path in project_files() if private.search(path.read_bytes())] == []


MLFLOW = ROOT / "roles/mlflow"
has_mlflow = pytest.mark.skipif(not (MLFLOW / "files/requirements.txt").exists(), reason="no lock of the server yet")


def locked_requirements(name="requirements.txt"):
    text = (MLFLOW / "files" / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@has_mlflow
@pytest.mark.parametrize("name", ["requirements.txt", "uv.txt"])
def test_what_the_server_installs_is_locked(name):
    lines = locked_requirements(name)
    assert lines
    assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


def test_what_the_controller_installs_is_locked():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    files = {
        f"{package['name']} {package['version']}": [*package.get("wheels", []), package.get("sdist", {})]
        for package in packages
        if package["source"] != {"virtual": "."}  # this project, which is not installed
    }
    hashes = {name: [file["hash"] for file in found if file] for name, found in files.items()}
    assert len(hashes) > 100
    assert [name for name, found in hashes.items() if not found or any(one[:7] != "sha256:" for one in found)] == []


def test_nothing_is_installed_without_its_hash():
    code = [path for path in project_files() if path.suffix != ".md" and path.parent != ROOT / "tests"]
    lines = [line.strip() for path in code for line in path.read_text(errors="replace").splitlines()]
    installs = [
        line for line in lines if re.search(r"\bpip3? (install|sync)\b|\buv (add|run|sync|tool)\b|\buvx\b", line)
    ]
    # uv takes what a lock says, and refuses what has another hash. A cluster's wheelhouse is a folder, which has no others,
    # and without a network and dependencies there is but the project's own.
    right = re.compile(r"--require-hashes|uv sync --frozen|uv run --locked|--no-index|--offline --no-deps")
    assert [line for line in installs if not right.search(line)] == []
    assert sum("--require-hashes" in line for line in installs) >= 3


@has_mlflow
def test_server_and_client_have_the_same_mlflow():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    client = next(line.partition("==")[2] for line in groups["client"] if line.startswith("mlflow=="))
    server = next(line.split()[0].partition("==")[2] for line in locked_requirements() if line.startswith("mlflow=="))
    assert client == server == defaults_of(MLFLOW)["mlflow_version"]
