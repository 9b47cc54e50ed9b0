"""Certificates that no library makes any more: signed with SHA-1."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256 (RFC 5758 section 3.2)
_WITH_SHA1 = bytes.fromhex("300906072a8648ce3d0401")
_SEQUENCE, _BIT_STRING = 0x30, 0x03


def signed_with_sha1(certificate: x509.Certificate, issuer: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The same certificate, of an issuer with an EC key, signed with SHA-1 instead of SHA-256."""
    content = _content(certificate.tbs_certificate_bytes)
    assert content.count(_WITH_SHA256) == 1
    signed = _encoded(_SEQUENCE, content.replace(_WITH_SHA256, _WITH_SHA1))
    signature = issuer.sign(signed, ec.ECDSA(hashes.SHA1()))  # noqa: S303 - the weakness is intended
    return x509.load_der_x509_certificate(
        _encoded(_SEQUENCE, signed + _WITH_SHA1 + _encoded(_BIT_STRING, b"\0" + signature))
    )


def _content(encoded: bytes) -> bytes:
    long_form = encoded[1] & 0x80
    return encoded[2 + (encoded[1] & 0x7F) if long_form else 2 :]


def _encoded(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
