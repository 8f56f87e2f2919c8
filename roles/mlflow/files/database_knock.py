"""Ends well where a PostgreSQL on the network answers, with a certificate that is right, and lets this login in.

Reads as JSON on its standard input: host, port, dbname, user, password, and ca, in PEM or empty for the authorities that
the distribution trusts. Where there is no psycopg2 yet, it does not try the login. Else it ends with 1, and with a line
on its standard error of what there is and what to do.
"""

import json
import socket
import ssl
import struct
import sys
import tempfile

SSL_REQUEST = struct.pack("!II", 8, 80877103)  # as PostgreSQL's manual says in "Message Formats"
TIMEOUT_S = 10


def shake_hands(host, port, authorities):
    """Go as far as TLS."""
    with socket.create_connection((host, port), TIMEOUT_S) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            sys.exit("does not speak PostgreSQL with TLS. Have the provider switch it on.")
        ssl.create_default_context(cafile=authorities).wrap_socket(plain, server_hostname=host).close()


def log_in(authorities, **login):
    """Go as far as the database."""
    try:
        import psycopg2
    except ImportError:
        return
    try:
        psycopg2.connect(**login, connect_timeout=TIMEOUT_S, sslmode="verify-full", sslrootcert=authorities).close()
    except psycopg2.Error as error:
        sys.exit(f"says: {' '.join(str(error).split())} Check user, password and name of the database.")


login = json.load(sys.stdin)
with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
    file.write(login.pop("ca"))
    file.flush()
    authorities = file.name if file.tell() else "/etc/ssl/certs/ca-certificates.crt"
    try:
        shake_hands(login["host"], login["port"], authorities)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", None) or error.reason
        sys.exit(f"shows a certificate that is not trusted ({reason}). Write the path of its authority's.")
    except OSError as error:
        sys.exit(f"does not answer ({error}). Check host and port, and that the provider lets this host in.")
    log_in(authorities, **login)
