#!/usr/bin/python3
"""Tells in JSON what it was asked, and how much it was sent. Reads slowly, as a busy object store would."""

import http.server
import json
import socketserver
import time

MEGABYTE = 1 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        left = size = int(self.headers.get("Content-Length", 0))
        while left and (read := self.rfile.read(min(left, MEGABYTE))):
            left -= len(read)
            time.sleep(0.01)
        answer = json.dumps({"path": self.path, "size": size - left, "headers": dict(self.headers)}).encode()
        # Nobody without a password: with that, Caddy asks whether the server is well.
        self.send_response(401 if self.headers.get("Authorization") == "Basic Og==" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_HEAD = do_PUT = do_POST = do_GET

    def address_string(self):
        return "caddy"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


Server("/run/mlflow/mlflow.sock", Handler).serve_forever()
