"""Takes every connection of the database that it can get, also those that others have, for some seconds."""

import sys
import time

import psycopg2

with open("/etc/postgresql/mlflow.password") as file:
    password = file.read().strip()
held, end = [], time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    try:
        held.append(psycopg2.connect(host="/run/postgresql", dbname="mlflowdb", user="mlflow", password=password))
        continue
    except psycopg2.OperationalError:
        pass
    pids = [connection.info.backend_pid for connection in held]
    with held[0].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'mlflow' AND pid <> ALL (%s)",
            [pids],
        )
    held[0].rollback()
    time.sleep(0.1)
print(f"{len(held)} held")
