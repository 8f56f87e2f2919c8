"""What is wrong with a certificate that the inventory gives, in words that say what to write instead."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import verification

PATH = re.compile(r"[~./][\w~./ -]{1,200}|[\w~./-]{1,200}[.](pem|crt|cer)")
CHAIN = "Write the server's certificate in PEM, and after it each intermediate one."
ROOT = "Write in PEM the root that the certificate leads to, or leave it out if the world trusts that one."


def _certificates(pem: str) -> list[x509.Certificate]:
    """Return the certificates of a text, none if it can't be read."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return []


def _subject(certificate: x509.Certificate) -> str:
    """Name a certificate as OpenSSL's user knows it, or by its names where it has no subject."""
    return certificate.subject.rfc4514_string() or ", ".join(_names(certificate)) or "one without a name"


def _issuer(certificate: x509.Certificate) -> str:
    """Name who signed a certificate."""
    return certificate.issuer.rfc4514_string() or "one without a name"


def _names(certificate: x509.Certificate) -> list[str]:
    """Return the names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName) + [str(one) for one in names.get_values_for_type(x509.IPAddress)]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host's address, None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_for(certificate: x509.Certificate, host: str) -> bool:
    """Say whether a certificate is for a name or an address; a wildcard stands for one label."""
    names = [name.lower() for name in _names(certificate)]
    if _address(host):
        return str(_address(host)) in names
    return host.lower() in names or "*." + host.lower().partition(".")[2] in names


def _pem_findings(name: str, pem: str, advice: str) -> Iterator[str]:
    """Say why a text holds no certificates. But for a path it is not repeated: it might be the key."""
    if "PRIVATE KEY" in pem:
        yield f"{name}: found a private key in it (not shown), which belongs into web_certificate_key alone. {advice}"
    elif PATH.fullmatch(pem):
        yield f"{name}: found the path {pem}, and no certificate in PEM there. {advice}"
    elif not _certificates(pem):
        yield f"{name}: found {len(pem)} characters that are no certificate in PEM. {advice}"


def _key_findings(key: str, certificate: x509.Certificate | None) -> Iterator[str]:
    """Say what is wrong with the key, and never show it."""
    try:
        public = load_pem_private_key(key.encode(), None).public_key()
    except TypeError:
        yield (
            "web_certificate_key: found one that is locked with a passphrase. Write it without: openssl pkey takes "
            "that away, and the vault locks it."
        )
        return
    except (ValueError, UnsupportedAlgorithm):
        yield (
            f"web_certificate_key: found {len(key)} characters that are no private key in PEM (not shown). Write the "
            "whole file, from -----BEGIN to END and -----."
        )
        return
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate and public.public_bytes(*form) != certificate.public_key().public_bytes(*form):
        yield (
            f"web_certificate_key: found one that does not belong to the first certificate of web_certificate "
            f"({_subject(certificate)}). Write the one that this was asked for with, and the server's certificate first."
        )


def _date_findings(name: str, certificates: list[x509.Certificate], now: datetime.datetime) -> Iterator[str]:
    """Say which certificates are over, or not yet valid."""
    for one in certificates:
        if one.not_valid_after_utc < now:
            ended = f"{one.not_valid_after_utc:%Y-%m-%d}"
            yield f"{name}: found {_subject(one)}, which expired on {ended}. Write one that is valid."
        if one.not_valid_before_utc > now:
            begins = f"{one.not_valid_before_utc:%Y-%m-%d %H:%M}"
            yield (
                f"{name}: found {_subject(one)}, which is not valid before {begins} UTC. Write one that is valid, or "
                "set this machine's clock."
            )


def _name_findings(certificate: x509.Certificate, host: str) -> Iterator[str]:
    """Say that a certificate is for others."""
    if host and not _is_for(certificate, host):
        yield (
            f"web_certificate: found one for {', '.join(_names(certificate)) or 'no name at all'}, and users reach the "
            f"server as {host}. Get one for that (as subject alternative name), or write one of its names into "
            "web_domain."
        )


def _trust_findings(
    chain: list[x509.Certificate], roots: list[x509.Certificate], host: str, now: datetime.datetime
) -> Iterator[str]:
    """Say why programs that know the root, or the world's, would not trust the chain."""
    if not roots:
        if chain[-1].issuer == chain[-1].subject:
            yield (
                f"web_certificate: found {_subject(chain[-1])}, which nobody but itself vouches for. Write that one "
                "into web_certificate_authority too, so that people's programs trust it."
            )
        return
    address = _address(host)
    subject = x509.IPAddress(address) if address else x509.DNSName(host)
    verifier = verification.PolicyBuilder().store(verification.Store(roots)).time(now).build_server_verifier(subject)
    try:
        verifier.verify(chain[0], chain[1:])
    except verification.VerificationError as error:
        yield (
            f"web_certificate: web_certificate_authority ({', '.join(map(_subject, roots))}) does not vouch for "
            f"{_subject(chain[0])}, issued by {_issuer(chain[0])}: {error}. {CHAIN} {ROOT}"
        )


def certificate_findings(
    certificate: str, key: str, authority: str, host: str, now: datetime.datetime | None = None
) -> list[str]:
    """Return what is wrong with a chain, its key and its root (PEM), for a server that is reached as `host`."""
    now = now or datetime.datetime.now(datetime.UTC)
    findings = []
    chain, roots = _certificates(certificate), _certificates(authority)
    if certificate:
        findings += _pem_findings("web_certificate", certificate, CHAIN)
    elif key or authority:
        given = "web_certificate_key" if key else "web_certificate_authority"
        findings.append(f"web_certificate: found none, and {given} is given. {CHAIN} Or leave out {given}.")
    if authority:
        findings += _pem_findings("web_certificate_authority", authority, ROOT)
    if key:
        findings += _key_findings(key, chain[0] if chain else None)
    elif certificate:
        findings.append(
            "web_certificate_key: found none, and web_certificate is of no use without. Write its text, from a vault."
        )
    if chain:
        findings += _name_findings(chain[0], host)
        findings += _date_findings("web_certificate", chain, now)
    findings += _date_findings("web_certificate_authority", roots, now)
    # What is wrong already would be said again here, in a library's words.
    if chain and host and not findings:
        findings += _trust_findings(chain, roots, host, now)
    return findings


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict:
        """Return the filters by name."""
        return {"certificate_findings": certificate_findings}
