"""What is weak about certificates that are otherwise good: short keys and signatures with broken hashes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

_LEAST_RSA_BITS = 2048  # NIST SP 800-57; the web's CAs have signed no shorter key since 2014
_LEAST_EC_BITS = 224
_BROKEN_HASHES = frozenset({"md5", "sha1"})  # RFC 9155


def weaknesses(path: Sequence[x509.Certificate]) -> list[str]:
    """The weak keys and signatures of a path, the server's certificate first, each in words. What
    nobody here knows (a new kind of key) is not called weak.
    """
    found = []
    for position, certificate in enumerate(path):
        whose = f"{certificate.subject.rfc4514_string()}: " if position else ""
        for weakness in (_weak_key, _weak_signature):
            try:
                words = weakness(certificate)
            except (ValueError, UnsupportedAlgorithm):
                continue
            if words is not None:
                found.append(whose + words)
    return found


def _weak_key(certificate: x509.Certificate) -> str | None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        return f"RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _LEAST_EC_BITS:
        return f"EC key of {key.key_size} bits"
    return f"DSA key of {key.key_size} bits" if isinstance(key, dsa.DSAPublicKey) else None


def _weak_signature(certificate: x509.Certificate) -> str | None:
    """Nobody relies on the signature of a certificate that signed itself."""
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name not in _BROKEN_HASHES or certificate.issuer == certificate.subject:
        return None
    return f"signed with {'SHA-1' if algorithm.name == 'sha1' else 'MD5'}"
