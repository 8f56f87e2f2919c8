"""Changes the password of an MLflow account: asks for a new one, tells the server, and keeps it in a file.

    python3 password.py FILE

Part of mlflow_env.sh, which says where the server is and who asks. Needs nothing but Python itself.
"""

import base64
import getpass
import json
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.request

SERVER, NAME = os.environ["MLFLOW_TRACKING_URI"].rstrip("/"), os.environ["MLFLOW_TRACKING_USERNAME"]


def call(method, path, password, body=None):
    """Ask the server; return the answer's status, and what is wrong if something is."""
    login = base64.b64encode(f"{NAME}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{SERVER}/api/2.0/mlflow/users/{path}", data, headers, method=method)
    try:
        trust = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or None)
        with urllib.request.urlopen(request, context=trust, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.load(error)["message"]
        except (ValueError, KeyError, TypeError):
            return error.code, f"{error.code} {error.reason}"
    except OSError as problem:
        sys.exit(f"{SERVER} does not answer: {getattr(problem, 'reason', problem)}. Try again.")


def asked():
    """Return the new password, typed twice."""
    try:
        new = getpass.getpass(f"New MLflow password for {NAME}, 12 characters or more: ")
        if len(new) < 12:
            sys.exit(f"Nothing was changed: MLflow wants 12 characters at least, and these are {len(new)}.")
        if getpass.getpass("Once more: ") != new:
            sys.exit("Nothing was changed: the two are not the same.")
    except (EOFError, KeyboardInterrupt):
        sys.exit("\nNothing was changed.")
    return new


def tell_server(new):
    """Have the server take the new password; return what to say about it."""
    old = os.environ["MLFLOW_TRACKING_PASSWORD"]
    change = {"username": NAME, "password": new, "current_password": old}
    status, problem = call("PATCH", "update-password", old, change)
    if status == 200:
        return "Changed. The old one may be good for another minute."
    if status != 401:
        sys.exit(f"Nothing was changed: {problem}")
    if call("GET", "current", new)[0] == 200:
        return "The server has this one already. From now on this machine uses it, too."
    sys.exit(
        "Nothing was changed: the server refuses the password that this machine has, and knows not this new one either. "
        "If you have changed it elsewhere, type that one here. If you have forgotten it, ask an admin for a new one."
    )


def main():
    file, new = sys.argv[1], asked()
    os.umask(0o077)
    folder = os.path.dirname(file)
    # First, so that no full disk comes between the server and the file.
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as whole:
            whole.write(f"{new}\n")
    except OSError as problem:
        sys.exit(f"Nothing was changed: {folder} can't be written, {problem.strerror}.")
    try:
        said = tell_server(new)
        os.replace(whole.name, file)
    finally:
        if os.path.exists(whole.name):
            os.unlink(whole.name)
    print(f"{said}\nIt is in {file}.")


main()
