"""Writes and reads the JWTs that a nats-server trusts: version 2, signed with nkeys."""

from __future__ import annotations

import hashlib
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec

from shared.nats import nkeys
from shared.nats.nkeys import is_signed, public_key
from shared.secret import Secret

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


class Claims(msgspec.Struct, frozen=True):
    """What is read of a JWT: issuer, subject, creation time (`iat`, in whole seconds of Unix time), and claims."""

    iss: str
    sub: str
    iat: int
    nats: dict[str, Any]


def sign(
    signer: Secret, subject: str, name: str, claims: dict[str, Any], now: datetime, until: datetime | None = None
) -> str:
    body: dict[str, Any] = {
        "iat": int(now.timestamp()),
        "iss": public_key(signer),
        "name": name,
        "sub": subject,
        "nats": claims,
    }
    if until is not None:
        body["exp"] = int(until.timestamp())
    digest = hashlib.new("sha512_256", msgspec.json.encode(body)).digest()
    body["jti"] = b32encode(digest).decode().rstrip("=")
    signed = f"{_part(_HEADER)}.{_part(body)}"
    return f"{signed}.{_base64(nkeys.sign(signer, signed.encode()))}"


def read(token: str, issuer: Secret) -> Claims | None:
    """The claims of a JWT signed by this issuer; None when it is not a JWT or has another issuer."""
    ours = public_key(issuer)
    signed, _, signature = token.rpartition(".")
    try:
        claims = msgspec.json.decode(_bytes(signed.partition(".")[2]), type=Claims)
        valid = is_signed(ours, signed.encode(), _bytes(signature))
    except (ValueError, RecursionError):
        return None
    return claims if valid and claims.iss == ours else None


def _part(value: object) -> str:
    return _base64(msgspec.json.encode(value))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
