"""Sign check requests and clock readings, and tell whether one was signed by the controller an agent believes.

Signed (Ed25519, RFC 8032) are a context, the NATS subject and the body, so a request is worth nothing on another
subject. The signature travels in a header beside the body: the id of its key, a colon, 64 bytes in base64. A reading is
signed with the heartbeat that it answers, so it is worth nothing as the answer to another; the context tells the two
apart.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from shared.wire.rounds import to_ms
from shared.wire.targets import Secret

SIGNATURE = "Mailprobe-Signature"
"""The name of the header."""

_REQUEST = b"mailprobe request 1"
_READING = b"mailprobe clock reading 1"
_SIGNATURE_BYTES = 64


class UnknownKeyError(Exception):
    """The key that a signature names is none of those believed."""


class WrongSignatureError(Exception):
    """It is no signature of this body on this subject."""


class Signer:
    """Signs with one key, an Ed25519 seed in base64. Raises ValueError when it is not one."""

    def __init__(self, seed: Secret) -> None:
        try:
            self._key = SigningKey(b64decode(seed.reveal(), validate=True))
        except (CryptoError, TypeError) as error:
            raise ValueError("not an Ed25519 seed in base64") from error
        self.verify_key = b64encode(bytes(self._key.verify_key)).decode()
        self._name = key_id(self.verify_key)

    def headers(self, subject: str, body: bytes) -> dict[str, str]:
        """What to publish with this body on this subject."""
        return {SIGNATURE: self._sign(_signed(_REQUEST, subject, body))}

    def reading(self, now: datetime, subject: str, heartbeat: bytes) -> str:
        """The signature of this moment as the answer to the heartbeat with this body on this subject."""
        return self._sign(_signed_reading(now, subject, heartbeat))

    def _sign(self, what: bytes) -> str:
        return f"{self._name}:{b64encode(self._key.sign(what).signature).decode()}"


class Verifier:
    """Believes signatures of these verify keys (base64). Raises ValueError when one is not a key."""

    def __init__(self, verify_keys: Iterable[str]) -> None:
        self._keys = {key_id(key): _verify_key(key) for key in verify_keys}

    def verify(self, subject: str, body: bytes, signature: str) -> None:
        """Raises UnknownKeyError, WrongSignatureError."""
        self._verify(_signed(_REQUEST, subject, body), signature)

    def verify_reading(self, now: datetime, subject: str, heartbeat: bytes, signature: str) -> None:
        """Raises UnknownKeyError, WrongSignatureError."""
        self._verify(_signed_reading(now, subject, heartbeat), signature)

    def _verify(self, what: bytes, signature: str) -> None:
        name, _, text = signature.partition(":")
        key = self._keys.get(name)
        if key is None:
            raise UnknownKeyError
        try:
            signed = b64decode(text, validate=True)
            if len(signed) != _SIGNATURE_BYTES:
                raise WrongSignatureError
            key.verify(what, signed)
        except (CryptoError, ValueError) as error:
            raise WrongSignatureError from error


def key_id(verify_key: str) -> str:
    """What signatures call a verify key (base64): 16 hexadecimal digits of its SHA-256. Raises ValueError."""
    return hashlib.sha256(b64decode(verify_key, validate=True)).hexdigest()[:16]


def _verify_key(text: str) -> VerifyKey:
    try:
        return VerifyKey(b64decode(text, validate=True))
    except (CryptoError, TypeError) as error:
        raise ValueError("not an Ed25519 public key in base64") from error


def _signed(context: bytes, subject: str, body: bytes) -> bytes:
    """No subject holds a line end, so where the body begins cannot be moved."""
    return b"%b\n%b\n%b" % (context, subject.encode(), body)


def _signed_reading(now: datetime, subject: str, heartbeat: bytes) -> bytes:
    return _signed(_READING, subject, b"%d\n%b" % (to_ms(now), heartbeat))
