"""Reads a certificate: its names, its dates, and whether it is valid for a host. It does not decide about trust."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from shared.wire.messages import Fact

MOST_NAMES = 50

UNREADABLE = (
    ValueError,
    TypeError,  # of x509.NameAttribute
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""The errors that reading a malformed certificate may raise; fields are decoded only when they are read."""


def read(chain: Sequence[bytes]) -> list[x509.Certificate]:
    """The certificates of a DER chain. Raises one of UNREADABLE, also if the chain is empty."""
    if not chain:
        raise ValueError("no certificate")
    return [x509.load_der_x509_certificate(certificate) for certificate in chain]


def describe(leaf: x509.Certificate) -> dict[str, Fact]:
    """The certificate's facts for a result. Raises one of UNREADABLE."""
    return {
        "certificateSubject": leaf.subject.rfc4514_string(),
        "certificateIssuer": leaf.issuer.rfc4514_string(),
        "certificateNames": list(names(leaf)[:MOST_NAMES]),
        "certificateSerial": f"{leaf.serial_number:x}",
        "certificateSha256": leaf.fingerprint(SHA256()).hex(),
        "certificateNotBefore": _iso(leaf.not_valid_before_utc),
        "certificateNotAfter": _iso(leaf.not_valid_after_utc),
    }


def names(certificate: x509.Certificate) -> list[str]:
    """All names in the certificate; the common name only if there is no other."""
    addresses = [str(address) for address in _san(certificate).get_values_for_type(x509.IPAddress)]
    return [*_dns_names(certificate), *addresses] or _common_names(certificate)


def names_host(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is valid for `host`: an IP literal by IP SAN, a name by DNS SAN (RFC 9525 section 6).

    If there is no DNS SAN, the common name counts, as in OpenSSL; private CAs still issue such certificates.
    """
    try:
        address = ip_address(host)
    except ValueError:
        found = _dns_names(certificate) or _common_names(certificate)
        return any(_matches(name, host) for name in found)
    return address in _san(certificate).get_values_for_type(x509.IPAddress)


def _matches(pattern: str, host: str) -> bool:
    """Whether `pattern` matches; `*` stands for exactly one label, the leftmost of a name with at least three."""
    pattern = pattern.lower().removesuffix(".")
    host = host.lower().removesuffix(".")
    if pattern.startswith("*.") and pattern.count(".") >= 2:
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def _dns_names(certificate: x509.Certificate) -> list[str]:
    return _san(certificate).get_values_for_type(x509.DNSName)


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _san(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
