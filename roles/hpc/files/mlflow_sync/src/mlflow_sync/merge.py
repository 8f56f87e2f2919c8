"""One database to look at, made of many."""

import contextlib
import sqlite3

# What a look at runs and models needs, in MLflow's own words; those that an MLflow does not have yet are left out.
TABLES = [
    "experiments",
    "datasets",
    "experiment_tags",
    "runs",
    "params",
    "metrics",
    "latest_metrics",
    "tags",
    "inputs",
    "input_tags",
    "logged_models",
    "logged_model_params",
    "logged_model_metrics",
    "logged_model_tags",
    "registered_models",
    "registered_model_tags",
    "registered_model_aliases",
    "model_versions",
    "model_version_tags",
    "trace_info",
    "trace_tags",
    "trace_request_metadata",
    "trace_metrics",
    "spans",
    "span_metrics",
    "assessments",
]

# The same name means the same experiment, though its number is another one in each database; so it is with datasets.
# Versions of a registered model go on where those before have ended.
MAPS = {
    "experiments": """
        CREATE TEMP TABLE experiment_map AS SELECT o.experiment_id AS old, m.experiment_id AS new
        FROM other.experiments o JOIN main.experiments m USING (name)""",
    "datasets": """
        CREATE TEMP TABLE dataset_map AS SELECT o.dataset_uuid AS old, m.dataset_uuid AS new
        FROM other.datasets o JOIN temp.experiment_map e ON e.old = o.experiment_id
        JOIN main.datasets m ON m.experiment_id = e.new AND m.name = o.name AND m.digest = o.digest""",
    "registered_models": """
        CREATE TEMP TABLE version_map AS SELECT name, max(version) AS last FROM main.model_versions GROUP BY name""",
}
MAPPED = {
    "experiment_id": "(SELECT new FROM temp.experiment_map WHERE old = o.experiment_id)",
    "dataset_uuid": "coalesce((SELECT new FROM temp.dataset_map WHERE old = o.dataset_uuid), o.dataset_uuid)",
    "source_id": "coalesce((SELECT new FROM temp.dataset_map WHERE old = o.source_id), o.source_id)",
    "version": "o.version + coalesce((SELECT last FROM temp.version_map WHERE name = o.name), 0)",
}


def merge(databases):
    """Put what databases of one schema have into the first of them. What several have, the last has right."""
    first, *others = databases
    with contextlib.closing(sqlite3.connect(first, isolation_level=None)) as main:
        for other in others:
            main.execute("ATTACH ? AS other", [str(other)])
            main.execute("BEGIN")
            add(main)
            main.execute("COMMIT")
            main.execute("DETACH other")


def add(main):
    for table in TABLES:
        names = [row[1] for row in main.execute(f"PRAGMA main.table_info({table})")]
        if names:
            main.execute(statement(table, names))
        if names and table in MAPS:
            main.execute(f"DROP TABLE IF EXISTS temp.{MAPS[table].split()[3]}")
            main.execute(MAPS[table])


def statement(table, names):
    if table == "experiments":
        kept = ", ".join(name for name in names if name != "experiment_id")
        known = "SELECT name FROM main.experiments"
        return f"INSERT INTO main.experiments ({kept}) SELECT {kept} FROM other.experiments WHERE name NOT IN ({known})"
    if table == "datasets":
        values = ", ".join(MAPPED[name] if name == "experiment_id" else f"o.{name}" for name in names)
        return f"INSERT OR IGNORE INTO main.datasets ({', '.join(names)}) SELECT {values} FROM other.datasets o"
    values = ", ".join(MAPPED.get(name, f"o.{name}") for name in names)
    return f"INSERT OR REPLACE INTO main.{table} ({', '.join(names)}) SELECT {values} FROM other.{table} o"
