"""Unit tests of roles/web/filter_plugins/web.py."""

import datetime
import ipaddress

import pytest
from conftest import plugin
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

module = plugin("web/filter_plugins/web.py")

NOW = datetime.datetime(2027, 6, 30, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HOST = "mlflow.example.ca"
UNUSED = """content_commitment key_encipherment data_encipherment key_agreement crl_sign encipher_only
    decipher_only""".split()  # noqa: SIM905 - shorter so


class Identity:
    """A key, and the certificate that somebody signed for it."""

    def __init__(self, name, signer=None, names=(), begins=-DAY, ends=90 * DAY):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = signer or self
        own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
        usage = dict.fromkeys(UNUSED, False)
        builder = (
            x509.CertificateBuilder(signer.subject, self.subject, self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + begins)
            .not_valid_after(NOW + ends)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=not names, **usage), critical=True)
            .add_extension(own, critical=False)
            .add_extension(theirs, critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([san(name) for name in names]), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self, encryption=None):
        form = (Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
        return self.key.private_bytes(*form).decode()


def san(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


ROOT = Identity("The university")
MIDDLE = Identity("Its department", ROOT)
SERVER = Identity("server", MIDDLE, [HOST, "*.lab.example.ca", "134.87.8.10", "2001:db8::1"])
STRANGER = Identity("A stranger")
ALONE = Identity("alone", names=[HOST])
CHAIN = SERVER.pem + MIDDLE.pem


def findings(certificate=CHAIN, key=None, authority=ROOT.pem, host=HOST):
    return module.certificate_findings(certificate, SERVER.key_pem() if key is None else key, authority, host, NOW)


@pytest.mark.parametrize(
    "host",
    [HOST, "MLflow.Example.ca", "mlflow.lab.example.ca", "134.87.8.10", "2001:db8::1", "2001:DB8:0::1"],
)
def test_a_chain_that_leads_to_the_root_is_right(host):
    assert findings(host=host) == []


def test_a_chain_that_the_world_is_to_trust_is_right():
    assert findings(authority="") == []


def test_several_roots_may_be_given():
    assert findings(authority=STRANGER.pem + ROOT.pem) == []


def test_the_text_may_have_words_around_the_certificates():
    assert findings(f"subject=server\n{SERVER.pem}\nsubject=department\r\n{MIDDLE.pem}\n") == []


def test_no_certificate_at_all_is_right():
    assert findings("", "", "") == []


def test_a_certificate_that_vouches_for_itself_is_found():
    (found,) = findings(ALONE.pem, ALONE.key_pem(), "")
    assert found == (
        "web_certificate: found CN=alone, which nobody but itself vouches for. Write that one into "
        "web_certificate_authority too, so that people's programs trust it."
    )


def test_a_certificate_that_vouches_for_itself_is_right_where_people_are_told_to_trust_it():
    assert findings(ALONE.pem, ALONE.key_pem(), ALONE.pem) == []


@pytest.mark.parametrize("host", ["elsewhere.example.ca", "lab.example.ca", "a.b.lab.example.ca", "134.87.8.11"])
def test_a_certificate_for_others_is_found(host):
    (found,) = findings(host=host)
    assert found == (
        "web_certificate: found one for mlflow.example.ca, *.lab.example.ca, 134.87.8.10, 2001:db8::1, and users reach "
        f"the server as {host}. Get one for that (as subject alternative name), or write one of its names into "
        "web_domain."
    )


def test_a_certificate_without_names_is_found():
    (found,) = findings(MIDDLE.pem, MIDDLE.key_pem())
    assert found == (
        "web_certificate: found one for no name at all, and users reach the server as mlflow.example.ca. Get one for "
        "that (as subject alternative name), or write one of its names into web_domain."
    )


@pytest.mark.parametrize(
    ("certificate", "key", "authority", "expected"),
    [
        (CHAIN, "", ROOT.pem, "web_certificate_key: found none, and web_certificate is of no use without. Write"),
        ("", None, "", "web_certificate: found none, and web_certificate_key is given. Write"),
        ("", "", ROOT.pem, "web_certificate: found none, and web_certificate_authority is given. Write"),
        ("nonsense", None, ROOT.pem, "web_certificate: found 8 characters that are no certificate in PEM. Write"),
        (
            "/etc/lab.pem",
            None,
            "",
            "web_certificate: found the path /etc/lab.pem, and no certificate in PEM there. Write",
        ),
        (CHAIN, None, "lab.crt", "web_certificate_authority: found the path lab.crt, and no certificate in PEM there."),
        (CHAIN[:400], None, "", "web_certificate: found 400 characters that are no certificate in PEM. Write"),
        (CHAIN + SERVER.key_pem(), None, "", "web_certificate: found a private key in it (not shown), which"),
        (CHAIN, None, "nonsense", "web_certificate_authority: found 8 characters that are no certificate in PEM."),
        (CHAIN, "nonsense", ROOT.pem, "web_certificate_key: found 8 characters that are no private key in PEM (not"),
        (CHAIN, MIDDLE.key_pem(), "", "web_certificate_key: found one that does not belong to the first certificate "),
        (MIDDLE.pem + SERVER.pem, None, "", "web_certificate_key: found one that does not belong to the first "),
        (SERVER.pem, None, ROOT.pem, "web_certificate: web_certificate_authority (CN=The university) does not vouch "),
        (CHAIN, None, STRANGER.pem, "web_certificate: web_certificate_authority (CN=A stranger) does not vouch for "),
    ],
)
def test_a_mistake_is_found(certificate, key, authority, expected):
    found = findings(certificate, key, authority)
    assert found[0].startswith(expected)


def test_a_certificate_in_the_keys_place_is_found():
    (found,) = findings(key=SERVER.pem)
    assert found.startswith(f"web_certificate_key: found {len(SERVER.pem)} characters that are no private")


def test_a_key_with_a_passphrase_is_found():
    key = SERVER.key_pem(BestAvailableEncryption(b"passphrase"))
    assert [one.partition(".")[0] for one in findings(key=key)] == [
        "web_certificate_key: found one that is locked with a passphrase"
    ]


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        (-90 * DAY, -DAY, "found CN=old, which expired on 2027-06-29. Write one that is valid."),
        (DAY, 90 * DAY, "found CN=old, which is not valid before 2027-07-01 12:00 UTC. Write one that is valid, or"),
    ],
)
def test_what_is_not_valid_today_is_found_wherever_it_stands(begins, ends, expected):
    dates = {"begins": begins, "ends": ends}
    leaf = Identity("old", ROOT, [HOST], **dates)
    middle = Identity("old", ROOT, **dates)
    server = Identity("server", middle, [HOST])
    root = Identity("old", **dates)
    for name, given in (
        ("web_certificate", (leaf.pem, leaf.key_pem(), ROOT.pem)),
        ("web_certificate", (server.pem + middle.pem, server.key_pem(), ROOT.pem)),
        ("web_certificate_authority", (CHAIN, None, root.pem)),
    ):
        (found,) = findings(*given)
        assert found.startswith(f"{name}: {expected}")


def test_all_mistakes_are_told_at_once_and_no_key_is_shown():
    old = Identity("old", MIDDLE, ["other.example.ca"], ends=-DAY / 2)
    found = findings(old.pem, MIDDLE.key_pem(), "nonsense")
    assert [one.partition(":")[0] for one in found] == [
        "web_certificate_authority",
        "web_certificate_key",
        "web_certificate",
        "web_certificate",
    ]
    mistaken = findings(SERVER.key_pem(), CHAIN)
    assert len(mistaken) == 2
    assert SERVER.key_pem().splitlines()[1] not in "".join(mistaken)


def test_ansible_finds_each_filter_by_its_name():
    assert module.FilterModule().filters() == {"certificate_findings": module.certificate_findings}
