"""Signs what the agents of a location send, results and heartbeats, and verifies it.

The key is the nkey of the location's login to the broker, which its enrolment file holds and whose public half the
controllers store. As with requests (shared.wire.signing), the signature covers a context, the NATS subject and the
whole body, and is sent in a header beside the body: the public key, a colon, 64 bytes in base64. A message is thus
signed as a whole, however many results its body holds. The message id is not signed: a result names its check in its
body, and a check is stored once.

The same key signs the nonce of every server that is logged in to, and a server may send any text as its nonce. So what
is signed here begins with a byte that no text holds, and no login, also not that of a leaf server, signs a message.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from uuid import UUID

from shared.nats.nkeys import Role, public_key, signing_key, verify_key
from shared.secret import Secret
from shared.wire.signing import SIGNATURE, WrongSignatureError, signed_bytes, verify

RESULT = b"\xffmailprobe result 1"
HEARTBEAT = b"\xffmailprobe heartbeat 1"
"""The contexts: a signature of a result is not valid for anything else. 0xFF is in no UTF-8 (RFC 3629 section 3)."""


class LocationSigner:
    """Signs with the seed of a location's login. Raises shared.nats.nkeys.NkeyError if it is not a user's."""

    def __init__(self, seed: Secret) -> None:
        self.user = public_key(seed, Role.USER)
        self._key = signing_key(seed)
        self._seed = seed

    def result(self, subject: str, body: bytes) -> dict[str, str]:
        """The headers to publish with this result, or results, on this subject."""
        return self._headers(RESULT, subject, body)

    def message_id(self, *check_ids: UUID) -> str:
        """The message id of the results of these checks, the same one for all who have the seed. Nobody else can know
        it, and so have the broker drop the results as a duplicate of something else.
        """
        named, secret = b"".join(check_id.bytes for check_id in check_ids), self._seed.reveal().encode()
        return hashlib.blake2b(named, key=secret, person=b"mailprobe result", digest_size=16).hexdigest()

    def heartbeat(self, subject: str, body: bytes) -> dict[str, str]:
        """The headers to send with this heartbeat on this subject."""
        return self._headers(HEARTBEAT, subject, body)

    def _headers(self, context: bytes, subject: str, body: bytes) -> dict[str, str]:
        signature = self._key.sign(signed_bytes(context, subject, body)).signature
        return {SIGNATURE: f"{self.user}:{b64encode(signature).decode()}"}


def signing_user(signature: str) -> str:
    """The public key that a signature names. It proves nothing until it is verified."""
    return signature.partition(":")[0]


def verify_location(context: bytes, subject: str, body: bytes, signature: str) -> None:
    """Verify that the key which a signature names made it. Raises WrongSignatureError."""
    user, _, text = signature.partition(":")
    try:
        key = verify_key(user)
    except ValueError as error:
        raise WrongSignatureError from error
    verify(key, signed_bytes(context, subject, body), text)
