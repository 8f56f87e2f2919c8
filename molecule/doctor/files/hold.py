"""Holds connections to the database: as many as leave the number given in use. One of them does something slow."""

import sys
import threading
import time

import psycopg2

with open("/etc/postgresql/mlflow.password") as file:
    password = file.read().strip()
held = []
while True:
    held.append(psycopg2.connect(host="/run/postgresql", dbname="mlflowdb", user="mlflow", password=password))
    cursor = held[-1].cursor()
    cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'mlflowdb'")
    in_use = cursor.fetchone()[0]
    held[-1].rollback()
    if in_use >= int(sys.argv[1]):
        break
threading.Thread(target=lambda: cursor.execute("SELECT pg_sleep(300)"), daemon=True).start()
print(f"{in_use} in use", flush=True)
time.sleep(300)
