"""Finds chains of which the library refuses only the algorithms: SHA-1 signatures, RSA keys from 1024 bits, Ed25519 and
curves beside those of the web. Mail clients accept most of them; what is weak about them is a warning.

It is stricter than the library in all else: a chain with name constraints, or with a critical extension that is not
named here, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

SERVER = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})

_LEAST_RSA_BITS, _LEAST_WEB_RSA_BITS = 1024, 2048
_WEB_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_NOT_OF_THE_WEB = frozenset({"sha1", "sha224"})
_HASHES = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"})
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_LONGEST = 6
_MOST_SIGNATURES = 8
"""How many signatures are verified for one chain: a server could send many certificates of one name."""

_UNUSABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def find_path(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], moment: datetime
) -> list[x509.Certificate] | None:
    """The certificates from `leaf` to one of `roots`, if they lead there at `moment`. Raises nothing."""
    try:
        if not _usable(leaf, moment) or _is_breakable(leaf.public_key()):
            return None
        path = _Search(others, roots, moment).complete([leaf])
        return path if path is not None and _beside_the_web(path) else None
    except _UNUSABLE:
        return None


def _beside_the_web(path: Sequence[x509.Certificate]) -> bool:
    """Whether algorithms are a reason for the library to refuse the path."""
    hashes = [certificate.signature_hash_algorithm for certificate in path[:-1]]
    if any(algorithm is None or algorithm.name in _NOT_OF_THE_WEB for algorithm in hashes):
        return True
    return not all(_is_key_of_the_web(issuer.public_key()) for issuer in path[1:])


def _is_key_of_the_web(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_WEB_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _WEB_CURVES


def _is_breakable(key: object) -> bool:
    return isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS


class _Search:
    def __init__(self, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], moment: datetime) -> None:
        self._others = others
        self._roots = roots
        self._moment = moment
        self._signatures_left = _MOST_SIGNATURES

    def complete(self, path: list[x509.Certificate]) -> list[x509.Certificate] | None:
        """The path and what leads from its end to a root, if anything does."""
        for issuer, trusted in self._issuers(path):
            longer = [*path, issuer]
            found = longer if trusted else self.complete(longer)
            if found is not None:
                return found
        return None

    def _issuers(self, path: list[x509.Certificate]) -> Iterator[tuple[x509.Certificate, bool]]:
        """The certificates that signed the path's end, each with whether it is a root."""
        if len(path) >= _LONGEST:
            return
        for trusted, candidates in ((True, self._roots), (False, self._others)):
            for candidate in candidates:
                if not _may_issue(candidate, path, self._moment):
                    continue
                if not self._signatures_left:
                    return
                self._signatures_left -= 1
                if _signed(path[-1], candidate):
                    yield candidate, trusted


def _may_issue(issuer: x509.Certificate, path: list[x509.Certificate], moment: datetime) -> bool:
    try:
        if issuer.subject != path[-1].issuer or issuer in path or not _usable(issuer, moment):
            return False
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca:
            return False
        if constraints.path_length is not None and constraints.path_length < len(path) - 1:
            return False
        usage = _extension(issuer, x509.KeyUsage)
    except (*_UNUSABLE, x509.ExtensionNotFound):
        return False
    return usage is None or usage.key_cert_sign


def _usable(certificate: x509.Certificate, moment: datetime) -> bool:
    """Whether a certificate holds at `moment`, for servers, and says nothing that this module does not understand."""
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        return False
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    if usages is not None and SERVER.isdisjoint(usages):
        return False
    if _extension(certificate, x509.NameConstraints) is not None:
        return False
    return all(extension.oid in _UNDERSTOOD for extension in certificate.extensions if extension.critical)


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    signature, content = certificate.signature, certificate.tbs_certificate_bytes
    try:
        key = issuer.public_key()
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, content)
            return True
        algorithm = certificate.signature_hash_algorithm
        if algorithm is None or algorithm.name not in _HASHES:
            return False
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(algorithm))
            return True
        padded = certificate.signature_algorithm_parameters
        if not isinstance(key, rsa.RSAPublicKey) or _is_breakable(key):
            return False
        if not isinstance(padded, padding.PKCS1v15 | padding.PSS):
            return False
        key.verify(signature, content, padded, algorithm)
    except (InvalidSignature, *_UNUSABLE):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
