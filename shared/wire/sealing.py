"""Encrypts (seals) a login for one location, so that neither the broker nor another location can read it.

HPKE base mode (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20Poly1305. The `info` names the monitor and the location,
so a sealed login does not open in another monitor's request. Keys are the 32 raw bytes in base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from shared.secret import Secret
from shared.wire.targets import Login

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class _Sealed(msgspec.Struct, array_like=True):
    """The plain text of a sealed login. Like everything on the wire, it only grows."""

    user: str
    password: str
    bearer: bool = False


class SealError(Exception):
    """A sealed login cannot be opened: it was made for another location or monitor, or it is damaged."""


def new_key_pair() -> tuple[Secret, str]:
    """A location's private key, for its enrolment file, and its public key, for the controller."""
    private = X25519PrivateKey.generate()
    return (
        Secret(b64encode(private.private_bytes_raw()).decode()),
        b64encode(private.public_key().public_bytes_raw()).decode(),
    )


def seal_login(login: Login, public_key: str, *, monitor: UUID, location: str) -> bytes:
    """Seal a login. Raises ValueError if `public_key` is not a key."""
    key = X25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
    parts = [login.user, login.password.reveal()]
    text = msgspec.json.encode([*parts, True] if login.bearer else parts)  # the first agents expect two parts
    return _SUITE.encrypt(text, key, info=_info(monitor, location))


def open_login(sealed: bytes, private_key: Secret, *, monitor: UUID, location: str) -> Login:
    """Open a sealed login. Raises SealError."""
    try:
        key = X25519PrivateKey.from_private_bytes(b64decode(private_key.reveal(), validate=True))
        text = _SUITE.decrypt(sealed, key, info=_info(monitor, location))
        sealed_login = msgspec.json.decode(text, type=_Sealed)
    except (InvalidTag, ValueError, RecursionError) as error:
        raise SealError("the login was not sealed for this location and monitor") from error
    return Login(sealed_login.user, Secret(sealed_login.password), sealed_login.bearer)


def _info(monitor: UUID, location: str) -> bytes:
    return f"mailprobe login 1|{location}|{monitor}".encode()
