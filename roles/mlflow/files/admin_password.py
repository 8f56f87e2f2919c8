"""Gives MLflow's administrator the password that comes in, unless it is that already; prints `changed` or `same`.

Asks no former password, and leaves MLflow's own code alone, which takes seconds to load while requests may wait. Reads
MLFLOW_BACKEND_STORE_URI.
"""

import os
import sys

from sqlalchemy import create_engine, text
from werkzeug.security import check_password_hash, generate_password_hash

password = sys.stdin.read().removesuffix("\n")
with create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"]).begin() as connection:
    found = connection.scalar(text("SELECT password_hash FROM users WHERE username = 'admin'"))
    # Where there is no such user yet, the server makes it when it starts.
    same = found is None or check_password_hash(found, password)
    if not same:
        change = text("UPDATE users SET password_hash = :hash WHERE username = 'admin'")
        connection.execute(change, {"hash": generate_password_hash(password)})
print("same" if same else "changed")
