"""Nkeys, by which NATS identifies a signer: Ed25519 keys in base32, with a role and a checksum (NATS ADR-14).

The library of that name is not used: it has no wheel, and only these few functions are needed.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b32decode, b32encode
from binascii import crc_hqx
from enum import IntEnum
from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from shared.secret import Secret

_SEED = 18 << 3
_KEY_BYTES = 32
_KEYS_AT_HAND = 4096


class Role(IntEnum):
    """The first byte of a public key; in base32 it is the letter O, A or U."""

    OPERATOR = 14 << 3
    ACCOUNT = 0
    USER = 20 << 3


class NkeyError(ValueError):
    """The text is not an nkey, or not one of that role; the message does not repeat it."""


def new_seed(role: Role) -> Secret:
    """The seed (private key) of a new key pair."""
    return _seed(role, os.urandom(_KEY_BYTES))


def derived_seed(role: Role, parent: Secret, owner: str) -> Secret:
    """The seed that `parent` has for this owner, always the same one. Without `parent` it cannot be known."""
    return _seed(role, hashlib.blake2b(owner.encode(), key=parent.reveal().encode(), digest_size=_KEY_BYTES).digest())


def public_key(seed: Secret, role: Role | None = None) -> str:
    """The public key of a seed, which is its name on the broker. Raises NkeyError, also if it is not of `role`."""
    found, key = _read(seed)
    if role not in (None, found):
        raise NkeyError("the seed has another role")
    return _text(bytes([found]) + bytes(key.verify_key))


def sign(seed: Secret, data: bytes) -> bytes:
    """The signature of `data`, 64 bytes. Raises NkeyError."""
    return signing_key(seed).sign(data).signature


def signing_key(seed: Secret) -> SigningKey:
    """The Ed25519 key of a seed. Raises NkeyError."""
    return _read(seed)[1]


@lru_cache(maxsize=_KEYS_AT_HAND)
def verify_key(public: str) -> VerifyKey:
    """The Ed25519 key of a public key. Raises NkeyError if it is not a public key."""
    raw = _bytes(public)
    if len(raw) != 1 + _KEY_BYTES:
        raise NkeyError("not a public key")
    return VerifyKey(raw[1:])


def is_signed(public: str, data: bytes, signature: bytes) -> bool:
    """Whether `signature` of `data` was made with this public key. Raises NkeyError if it is not a public key."""
    key = verify_key(public)
    try:
        key.verify(data, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def _seed(role: Role, key: bytes) -> Secret:
    # The role's bits follow the five bits that mark a seed.
    return Secret(_text(bytes([_SEED | role >> 5, (role & 31) << 3]) + key))


def _read(seed: Secret) -> tuple[Role, SigningKey]:
    raw = _bytes(seed.reveal())
    if len(raw) != 2 + _KEY_BYTES or raw[0] & 0xF8 != _SEED:
        raise NkeyError("not a seed")
    try:
        role = Role((raw[0] & 7) << 5 | raw[1] >> 3)
    except ValueError as error:
        raise NkeyError("the seed has an unknown role") from error
    return role, SigningKey(raw[2:])


def _text(raw: bytes) -> str:
    return b32encode(raw + crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        raw = b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise NkeyError("not base32") from error
    if len(raw) < 2 or crc_hqx(raw[:-2], 0).to_bytes(2, "little") != raw[-2:]:
        raise NkeyError("mistyped: the checksum is wrong")
    return raw[:-2]
