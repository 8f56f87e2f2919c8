"""A university's authority, made anew at each call: issues one certificate, through an intermediate one.

Arguments: the name or address that it is for, and of how many days each is left, of the root, the intermediate and the
server's. Each lasts 100 days. Prints as JSON, in PEM, the root, the chain, the key; and the serial number.
"""

import datetime
import ipaddress
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LASTS = datetime.timedelta(days=100)


def common_name(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def issue(name, days_left, key, signer, signer_key, extension):
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=float(days_left))
    return (
        x509.CertificateBuilder(common_name(signer), common_name(name), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - LASTS)
        .not_valid_after(ends)
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
        .add_extension(usage(isinstance(extension, x509.BasicConstraints)), critical=True)
        .sign(signer_key, hashes.SHA256())
    )


def usage(authority):
    others = ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"]
    others += ["encipher_only", "decipher_only"]
    return x509.KeyUsage(digital_signature=True, key_cert_sign=authority, **dict.fromkeys(others, False))


def names(name):
    try:
        return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))])
    except ValueError:
        return x509.SubjectAlternativeName([x509.DNSName(name)])


def serial(certificate):
    """Return a certificate's serial number as OpenSSL prints it."""
    number = certificate.serial_number
    return number.to_bytes((number.bit_length() + 7) // 8).hex().upper()


def main(name, root_days, middle_days, server_days):
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority = x509.BasicConstraints(ca=True, path_length=None)
    root = issue("University", root_days, root_key, "University", root_key, authority)
    middle = issue("Department", middle_days, middle_key, "University", root_key, authority)
    server = issue("Server", server_days, key, "Department", middle_key, names(name))
    pem = [certificate.public_bytes(Encoding.PEM).decode() for certificate in (root, server, middle)]
    result = {"root": pem[0], "chain": pem[1] + pem[2], "serial": serial(server)}
    result["key"] = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    print(json.dumps(result))


main(*sys.argv[1:])
