"""Compare a server's bill of materials with what the server itself says; see that it is valid CycloneDX.

The argument is the beginning of the files' names, standard input what to find in them.
"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name


def spelt(kind, name, version):
    """Python packages have several spellings: Flask-WTF is flask_wtf."""
    return f"{canonicalize_name(name) if kind == 'mlflow' else name} {version}"


due = json.load(sys.stdin)
seen = set()
for kind in ("debian", "mlflow"):
    text = Path(f"{sys.argv[1]}.{kind}.cdx.json").read_text()
    assert (invalid := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is None, invalid
    components = json.loads(text)["components"]
    assert all(component["purl"].startswith("pkg:") for component in components)
    # Besides the packages that are installed, there are the sources that they were built from.
    installed = {spelt(kind, one["name"], one["version"]) for one in components if "arch=source" not in one["purl"]}
    told = {spelt(kind, *line.split()) for line in due[kind]}
    assert installed == told, installed ^ told
    print(f"{kind}: {len(components)} components, {len(installed)} of them installed")
    seen |= {line for line in installed if line.split()[0] in due["named"]}
print(*sorted(seen), sep="\n")
assert {line.split()[0] for line in seen} == set(due["named"]), seen
