"""Signs check requests and clock readings, and verifies that a controller whose key the agent trusts signed them.

The signature (Ed25519, RFC 8032) covers a context, the NATS subject and the body, so it is not valid on another
subject. It is sent in a header beside the body: the id of its key, a colon, 64 bytes in base64. The signature of a
reading covers the heartbeat that it answers, so it is not valid as the answer to another one. The context distinguishes
requests from readings. What agents send is signed likewise, with other keys (shared.nats.location_signing).
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from shared.epoch import to_ms
from shared.secret import Secret

SIGNATURE = "Mailprobe-Signature"
"""The name of the header."""

_REQUEST = b"mailprobe request 1"
_READING = b"mailprobe clock reading 1"
_SIGNATURE_BYTES = 64


class UnknownKeyError(Exception):
    """The key that a signature names is not a trusted one."""


class WrongSignatureError(Exception):
    """The signature is not valid for this body on this subject."""


class Signer:
    """Signs with one key, an Ed25519 seed in base64. Raises ValueError if it is not one."""

    def __init__(self, seed: Secret) -> None:
        try:
            self._key = SigningKey(b64decode(seed.reveal(), validate=True))
        except (CryptoError, TypeError) as error:
            raise ValueError("not an Ed25519 seed in base64") from error
        self.verify_key = b64encode(bytes(self._key.verify_key)).decode()
        self._name = key_id(self.verify_key)

    def headers(self, subject: str, body: bytes) -> dict[str, str]:
        """The headers to publish with this body on this subject."""
        return {SIGNATURE: self._sign(signed_bytes(_REQUEST, subject, body))}

    def reading(self, now: datetime, subject: str, heartbeat: bytes) -> str:
        """The signature of this time as the answer to the heartbeat with this body on this subject."""
        return self._sign(_signed_reading(now, subject, heartbeat))

    def _sign(self, what: bytes) -> str:
        return f"{self._name}:{b64encode(self._key.sign(what).signature).decode()}"


class Verifier:
    """Accepts signatures of these verify keys (base64). Raises ValueError if one is not a key."""

    def __init__(self, verify_keys: Iterable[str]) -> None:
        self._keys = {key_id(key): _verify_key(key) for key in verify_keys}

    def verify(self, subject: str, body: bytes, signature: str) -> None:
        """Verify a request. Raises UnknownKeyError, WrongSignatureError."""
        self._verify(signed_bytes(_REQUEST, subject, body), signature)

    def verify_reading(self, now: datetime, subject: str, heartbeat: bytes, signature: str) -> None:
        """Verify a clock reading. Raises UnknownKeyError, WrongSignatureError."""
        self._verify(_signed_reading(now, subject, heartbeat), signature)

    def _verify(self, what: bytes, signature: str) -> None:
        name, _, text = signature.partition(":")
        key = self._keys.get(name)
        if key is None:
            raise UnknownKeyError
        verify(key, what, text)


def verify(key: VerifyKey, what: bytes, signature: str) -> None:
    """Verify a signature (base64) of these bytes. Raises WrongSignatureError, also if it is not one. The unused bits of
    the last character must be zero (RFC 4648, 3.5): there is one way to write a signature.
    """
    try:
        signed = b64decode(signature, validate=True)
        if len(signed) != _SIGNATURE_BYTES or b64encode(signed).decode() != signature:
            raise WrongSignatureError
        key.verify(what, signed)
    except (CryptoError, ValueError) as error:
        raise WrongSignatureError from error


def key_id(verify_key: str) -> str:
    """The id of a verify key (base64) in signatures: 16 hexadecimal digits of its SHA-256. Raises ValueError."""
    return hashlib.sha256(b64decode(verify_key, validate=True)).hexdigest()[:16]


def _verify_key(text: str) -> VerifyKey:
    try:
        return VerifyKey(b64decode(text, validate=True))
    except (CryptoError, TypeError) as error:
        raise ValueError("not an Ed25519 public key in base64") from error


def signed_bytes(context: bytes, subject: str, body: bytes) -> bytes:
    """The signed bytes. No subject holds a line end, so the beginning of the body is unambiguous."""
    return b"%b\n%b\n%b" % (context, subject.encode(), body)


def _signed_reading(now: datetime, subject: str, heartbeat: bytes) -> bytes:
    return signed_bytes(_READING, subject, b"%d\n%b" % (to_ms(now), heartbeat))
