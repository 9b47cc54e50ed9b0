"""Nkeys, by which NATS knows who signs: Ed25519 keys in base32, with a role and a checksum (NATS ADR-14).

Of the library of that name there is no wheel, and it is needed for no more than this.
"""

from __future__ import annotations

import os
from base64 import b32decode, b32encode
from binascii import crc_hqx
from enum import IntEnum

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from shared.wire.targets import Secret

_SEED = 18 << 3
_KEY_BYTES = 32


class Role(IntEnum):
    """The byte a public key begins with; in base32 it is the letter O, A or U."""

    OPERATOR = 14 << 3
    ACCOUNT = 0
    USER = 20 << 3


class NkeyError(ValueError):
    """Not an nkey, or not one of that role; the message does not repeat it."""


def new_seed(role: Role) -> Secret:
    """The secret half of a new key."""
    # The role's bits follow the five of the word seed.
    return Secret(_text(bytes([_SEED | role >> 5, (role & 31) << 3]) + os.urandom(_KEY_BYTES)))


def public_key(seed: Secret, role: Role | None = None) -> str:
    """The other half, which is its name on the broker. Raises NkeyError, also when it is not of `role`."""
    found, key = _read(seed)
    if role not in (None, found):
        raise NkeyError("the seed of another role")
    return _text(bytes([found]) + bytes(key.verify_key))


def sign(seed: Secret, data: bytes) -> bytes:
    """The 64 bytes of its signature. Raises NkeyError."""
    return _read(seed)[1].sign(data).signature


def is_signed(public: str, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed this. Raises NkeyError when it is no public key."""
    raw = _bytes(public)
    if len(raw) != 1 + _KEY_BYTES:
        raise NkeyError("not a public key")
    try:
        VerifyKey(raw[1:]).verify(data, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def _read(seed: Secret) -> tuple[Role, SigningKey]:
    raw = _bytes(seed.reveal())
    if len(raw) != 2 + _KEY_BYTES or raw[0] & 0xF8 != _SEED:
        raise NkeyError("not a seed")
    try:
        role = Role((raw[0] & 7) << 5 | raw[1] >> 3)
    except ValueError as error:
        raise NkeyError("not a seed of a role we know") from error
    return role, SigningKey(raw[2:])


def _text(raw: bytes) -> str:
    return b32encode(raw + crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        raw = b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise NkeyError("not base32") from error
    if len(raw) < 2 or crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:]:
        raise NkeyError("mistyped: the checksum does not fit")
    return raw[:-2]
