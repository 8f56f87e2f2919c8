"""Says hello to whoever comes to the Unix socket named, as often as they say, and closes."""

import os
import socketserver
import sys


class Hello(socketserver.StreamRequestHandler):
    def handle(self):
        who, times = [*self.rfile.readline().split(), b"1"][:2]
        self.wfile.write(b"hello %s\n" % who * int(times))


os.umask(0)
socketserver.ThreadingUnixStreamServer(sys.argv[1], Hello).serve_forever()
