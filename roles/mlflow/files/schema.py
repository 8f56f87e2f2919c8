"""Says how a database's schema stands to the one that the installed MLflow expects.

Prints `current`, `older`, `newer` or `empty`, then the revision found and the one expected, of the tables of runs and of
those of accounts. Expects the database's URL; changes nothing.
"""

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script.revision import Revision, RevisionError, RevisionMap
from sqlalchemy import create_engine, inspect

PACKAGE = Path(find_spec("mlflow").origin).parent


def revisions(folder):
    """Read which there are. Alembic itself would run the scripts, for which most of MLflow is imported."""
    for script in PACKAGE.glob(f"{folder}/versions/[!_]*.py"):
        assignments = re.findall(r"^(revision|down_revision)\b.*? = (.+)$", script.read_text(), re.MULTILINE)
        yield Revision(**{name: ast.literal_eval(value) for name, value in assignments})


def compare(connection, folder, version_table):
    """Return how these tables stand, and that in words."""
    known = RevisionMap(lambda: revisions(folder))
    expected = known.get_current_head()
    context = MigrationContext.configure(connection, opts={"version_table": version_table})
    found = context.get_current_revision()
    try:
        known.get_revision(found)
        state = "current" if found == expected else "older"
    except RevisionError:
        state = "newer"
    return state, f"found {found}, expected {expected}"


with create_engine(sys.argv[1]).connect() as connection:
    tables = [table for table in inspect(connection).get_table_names() if not table.startswith("alembic_")]
    runs, runs_words = compare(connection, "store/db_migrations", "alembic_version")
    accounts, accounts_words = compare(connection, "server/auth/db/migrations", "alembic_version_auth")

if "users" not in tables:
    accounts = "current"  # there are none yet, so nothing has to be migrated
states = {"empty"} if not tables else {runs, accounts}
state = next(state for state in ("empty", "newer", "older", "current") if state in states)
print(f"{state}: {runs_words}; accounts: {accounts_words}")
