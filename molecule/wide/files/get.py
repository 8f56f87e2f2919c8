"""Gets a URL, or posts to it what is on the standard input, and prints the status, or that there was none.

Arguments: the URL, the folder of the authority that is trusted, and the one of the certificate to show, if any.
"""

import ssl
import sys
import urllib.error
import urllib.request

url, trusted, *shown = sys.argv[1:]
context = ssl.create_default_context(cafile=f"{trusted}/authority.pem")
for folder in shown:
    context.load_cert_chain(f"{folder}/certificate.pem", f"{folder}/certificate.pem.key")
try:
    with urllib.request.urlopen(url, sys.stdin.buffer.read() or None, timeout=10, context=context) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print("refused", error)
