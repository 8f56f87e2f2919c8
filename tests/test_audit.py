"""The check of the locks against known vulnerabilities: the project's own state, and what it must find and refuse."""

import datetime
import functools
import http.server
import importlib.machinery
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile

import pytest
import yaml
from conftest import ROOT

loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / "scripts/audit"))
audit = importlib.util.module_from_spec(importlib.util.spec_from_loader("audit", loader))
loader.exec_module(audit)

REQUIREMENTS = "roles/mlflow/files/requirements.txt"
TODAY = datetime.date.today().isoformat()


def run(*arguments):
    command = [sys.executable, ROOT / "scripts/audit", *arguments]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def project(tmp_path):
    """A copy of what the check reads."""
    for name in (*audit.LOCKS, audit.DATABASE, audit.ACCEPTED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path, pattern, replacement):
    text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
    assert count == 1
    path.write_text(text)


def accept(project, *entries):
    (project / audit.ACCEPTED).write_text(json.dumps({"accepted": [*entries]}))


def date_database(project, date):
    change(project / audit.DATABASE, r'(?<="newest": ")[\d-]+', date)


def test_nothing_known_stands_against_the_locks():
    code, text = run()
    assert code == 0, text
    for entry in yaml.safe_load((ROOT / audit.ACCEPTED).read_text())["accepted"]:
        lines = [line for line in text.splitlines() if line.startswith(f"accepted: {entry['package']} ")]
        assert any(entry["id"] in line and line.endswith(entry["reason"].strip()) for line in lines)


def test_every_pin_is_seen():
    project, benchmark, server, uv = ((ROOT / name).read_text() for name in audit.LOCKS)
    files = [name for files in audit.locked(ROOT).values() for name in files]
    assert [files.count(name) for name in audit.LOCKS] == [
        project.count("[[package]]") - 1,  # the project itself
        benchmark.count("[[package]]"),
        len(re.findall(r"^\S+==", server, re.MULTILINE)),
        1,
    ]
    assert uv.count("==") == 1


def test_an_old_mlflow_is_found(project):
    change(project / REQUIREMENTS, r"^mlflow==\S+", "mlflow==2.9.2")
    code, text = run("--root", project)
    found = [line for line in text.splitlines() if line.startswith("mlflow 2.9.2: ")]
    assert code == 1
    assert any("CVE-2024-4263" in line for line in found)
    assert all(line.endswith(f"; {REQUIREMENTS}") for line in found)
    # What was mended in this very version.
    assert "CVE-2023-6909" in (project / audit.DATABASE).read_text()
    assert not any("CVE-2023-6909" in line for line in found)


def test_an_old_package_of_the_controller_is_found(project):
    change(project / "uv.lock", r'(?<=name = "requests"\nversion = ")[^"]+', "2.30.0")
    code, text = run("--root", project)
    assert code == 1
    assert re.search(r"^requests 2\.30\.0: CVE-2023-32681, .*; fixed in 2\.31\.0; uv\.lock$", text, re.MULTILINE)


def test_a_package_that_the_database_was_made_without_is_told(project):
    with (project / REQUIREMENTS).open("a") as file:
        file.write("brand-new==1.0 --hash=sha256:0\n")
    code, text = run("--root", project)
    assert code == 1
    assert "brand-new: .config/advisories.json was made without it. Refresh it: scripts/audit --refresh" in text


@pytest.mark.parametrize(
    ("ranges", "versions", "affected", "spared"),
    [
        ([["introduced 0", "fixed 2.0"]], [], ["0.1.dev0", "1.9", "2.0rc1"], ["2.0", "2.0.post1", "2.1"]),
        ([["introduced 1.2", "fixed 2.0"]], [], ["1.2", "1.2.post1"], ["1.1", "1.2rc1", "2.0"]),
        ([["introduced 1.2", "last_affected 1.4"]], [], ["1.2", "1.4", "1.4.0"], ["1.4.1", "1.1"]),
        ([["introduced 1.4", "last_affected 1.4"]], [], ["1.4"], ["1.3", "1.4.post1", "1.5"]),
        ([["introduced 1.2"]], [], ["1.2", "99"], ["1.1"]),
        ([["introduced 0", "fixed 1.5"], ["introduced 2.0", "fixed 2.3"]], [], ["1.4", "2.2"], ["1.5", "1.9", "2.3"]),
        ([["fixed 2.3", "introduced 2.0", "fixed 1.5", "introduced 0"]], [], ["1.4", "2.2"], ["1.5", "1.9", "2.3"]),
        ([["introduced 0", "fixed 1.5", "introduced 1.5", "fixed 1.6"]], [], ["1.4", "1.5"], ["1.6"]),
        ([], ["1.0", "2.0-legacy"], ["1.0", "1", "1.0.0", "2.0-legacy"], ["1.0.1", "2.0"]),
        ([["introduced 3.0", "fixed 3.1"]], ["1.10"], ["1.10", "3.0"], ["1.1", "3.1"]),
        ([["introduced 0", "fixed 1!1.0"]], [], ["2026.1"], ["1!1.0"]),
        ([["introduced 0", "fixed 1.10"]], [], ["1.9"], ["1.10", "1.11"]),
    ],
)
def test_which_versions_are_affected(ranges, versions, affected, spared):
    events = [[dict([event.split()]) for event in events] for events in ranges]
    advisory = {"ranges": events, "versions": versions}
    assert [version for version in affected + spared if audit.affects(advisory, version)] == affected


def record(identifier, package="mlflow", ecosystem="PyPI", **more):
    """One of OSV's records; `more` is about its top, but for ranges and versions."""
    part = {"package": {"ecosystem": ecosystem, "name": package}}
    part |= {key: more.pop(key) for key in ("ranges", "versions") if key in more}
    return {"id": identifier, "modified": f"{TODAY}T01:02:03Z", "affected": [part], "details": "Prose."} | more


def ecosystem(*events):
    return {"type": "ECOSYSTEM", "events": [dict([event.split()]) for event in events]}


EVERYTHING = ecosystem("introduced 0")
RECORDS = [
    # Both speak of one vulnerability.
    record("PYSEC-2026-1", aliases=["CVE-2026-1"], ranges=[ecosystem("introduced 0", "fixed 99.1")], versions=["1.0"]),
    record("GHSA-aaaa", aliases=["CVE-2026-1"], ranges=[ecosystem("introduced 3", "fixed 99.2")], versions=["2-odd"]),
    record("PYSEC-2026-2", package="ML_Flow"),
    record("PYSEC-2026-3", withdrawn=f"{TODAY}T00:00:00Z", ranges=[EVERYTHING]),
    record("PYSEC-2026-4", ecosystem="npm", ranges=[EVERYTHING]),
    record("PYSEC-2026-5", package="not-locked", ranges=[EVERYTHING]),
    record("PYSEC-2026-6", ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}]),
    record("PYSEC-2026-7", ranges=[ecosystem("introduced 0", "fixed nonsense")], versions=["3.17.2"]),
    record("PYSEC-2026-8", package="PyYAML", ranges=[ecosystem("introduced 0", "last_affected 0.1")]),
]


@pytest.fixture
def source(tmp_path, request):
    """The records above as a zip of JSON, as OSV exports them, there or here, or a folder of YAML, as the PyPA has it."""
    texts = {f"{number}.json": json.dumps(record) for number, record in enumerate(RECORDS)}
    if request.param == "folder":
        folder = tmp_path / "checkout"
        (folder / "vulns/mlflow").mkdir(parents=True)
        (folder / "README.md").write_text("No record.")
        (folder / "vulns/.other.yaml").write_text("- no record\n")
        for name, text in texts.items():
            (folder / "vulns/mlflow" / name).with_suffix(".yaml").write_text(yaml.safe_dump(json.loads(text)))
        yield str(folder)
        return
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    if request.param == "zip":
        yield str(path)
        return
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/all.zip"
        server.shutdown()


@pytest.mark.parametrize("source", ["url", "zip", "folder"], indirect=True)
def test_a_refreshed_database_holds_what_matters(project, source):
    accept(project)
    code, text = run("--root", project, "--refresh", source)
    assert code == 0, text
    assert "PYSEC-2026-7 of mlflow: left out a range with fixed nonsense" in text
    database = json.loads((project / audit.DATABASE).read_text())
    # No folder of this machine gets into a file that is committed.
    called = source if source.startswith("http") else source.rpartition("/")[2]
    assert (database["source"], database["newest"]) == (called, TODAY)
    assert {"mlflow", "ansible-core", "uv"} <= set(database["packages"])
    # Sorted, the records of other packages and the withdrawn left out, of versions only those outside of all ranges.
    assert [(one["package"], one["id"], one["versions"]) for one in database["advisories"]] == [
        ("mlflow", "GHSA-aaaa", ["2-odd"]),
        ("mlflow", "PYSEC-2026-1", []),
        ("mlflow", "PYSEC-2026-6", []),
        ("mlflow", "PYSEC-2026-7", ["3.17.2"]),
        ("pyyaml", "PYSEC-2026-8", []),
    ]
    assert "Prose" not in (project / audit.DATABASE).read_text()

    code, text = run("--root", project)
    files = ", ".join(audit.LOCKS[:3])
    assert code == 1
    assert text.splitlines()[2:] == [
        f"mlflow 3.17.2: CVE-2026-1, GHSA-aaaa, PYSEC-2026-1; fixed in 99.2; {files}",
        f"mlflow 3.17.2: PYSEC-2026-7; no fix is known; {files}",
    ]


@pytest.mark.parametrize("source", ["folder"], indirect=True)
def test_a_refresh_is_the_same_each_time_and_says_what_it_was_told_to(project, source):
    texts = set()
    for _ in range(2):
        assert run("--root", project, "--refresh", source, "--called", "https://example.org/db")[0] == 0
        texts.add((project / audit.DATABASE).read_text())
    assert [json.loads(text)["source"] for text in texts] == ["https://example.org/db"]


@pytest.mark.parametrize("missing", ["nothing.zip", "empty", "http://127.0.0.1:9/all.zip"])
def test_a_refresh_that_fails_leaves_the_database(project, missing):
    (project / "empty").mkdir()
    before = (project / audit.DATABASE).read_text()
    code, text = run("--root", project, "--refresh", missing if "://" in missing else project / missing)
    assert code == 2
    assert "Traceback" not in text and missing in text
    assert (project / audit.DATABASE).read_text() == before


def test_an_accepted_one_is_printed_with_its_reason(project):
    change(project / REQUIREMENTS, r"^mlflow==\S+", "mlflow==2.9.2")
    accept(project)
    found = set(re.findall(r"^(\S+) \S+: ([^,;]+)[,;]", run("--root", project)[1], re.MULTILINE))
    assert ("mlflow", "CVE-2024-4263") in found
    accept(project, *({"id": name, "package": package, "reason": "a known reason"} for package, name in found))
    code, text = run("--root", project)
    assert code == 0, text
    assert re.search(r"^accepted: mlflow 2\.9\.2: CVE-2024-4263, .*; a known reason$", text, re.MULTILINE)


def test_an_accepted_one_that_is_gone_is_an_error(project):
    old = yaml.safe_load((project / audit.ACCEPTED).read_text())["accepted"]
    accept(project, *old, {"id": "CVE-2024-4263", "package": "mlflow", "reason": "gone with the old version"})
    code, text = run("--root", project)
    assert code == 1
    assert ".config/audit.yml: CVE-2024-4263 of mlflow is not found any more; remove the entry" in text


@pytest.mark.parametrize("entry", [{"reason": " "}, {"reason": None}, {"until": "2027"}])
def test_an_accepted_one_needs_a_reason(project, entry):
    accept(project, {"id": "CVE-2020-25635", "package": "ansible", "reason": "one"} | entry)
    code, text = run("--root", project)
    assert code == 2
    assert "an entry has an id, a package and a reason" in text


@pytest.mark.parametrize(("days", "warned"), [(0, False), (30, False), (31, True)])
def test_an_old_database_is_warned_of(project, days, warned):
    date_database(project, (datetime.date.today() - datetime.timedelta(days=days)).isoformat())
    text = run("--root", project)[1]
    warning = f"WARNING: that is {days} days ago"
    assert (warning in text and "Refresh it: scripts/audit --refresh" in text) == warned == ("WARNING" in text)
