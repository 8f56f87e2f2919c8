"""Says how the schema of MLflow's database stands to the one that the installed MLflow expects.

Prints `current`, `older` (also for an empty database) or `newer`, then the revision found and the one expected.
Reads MLFLOW_BACKEND_STORE_URI, and changes nothing.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import create_engine

scripts = ScriptDirectory(str(Path(find_spec("mlflow").origin).parent / "store" / "db_migrations"))
expected = scripts.get_current_head()
with create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"]).connect() as connection:
    found = MigrationContext.configure(connection).get_current_revision()

try:
    scripts.get_revision(found)
    state = "current" if found == expected else "older"
except CommandError:
    state = "newer"
print(f"{state}: found {found}, expected {expected}")
