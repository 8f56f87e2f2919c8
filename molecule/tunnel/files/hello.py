"""Says hello to whoever comes to the Unix socket named, as often as they say, and closes.

Who says PUT brings so many bytes, and has to wait until they are taken.
"""

import os
import socketserver
import sys
import time


class Hello(socketserver.StreamRequestHandler):
    def handle(self):
        who, times = [*self.rfile.readline().split(), b"1"][:2]
        if who == b"PUT":
            time.sleep(10)
            self.rfile.read(int(times))
            times = 1
        self.wfile.write(b"hello %s\n" % who * int(times))


os.umask(0)
socketserver.ThreadingUnixStreamServer(sys.argv[1], Hello).serve_forever()
