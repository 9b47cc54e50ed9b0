"""Which of a location's messages are vouched for: those signed with one of its keys that has not ended.

Until a location is known to sign (`LocationKeys.signing`), its unsigned messages are accepted too.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from shared.nats.location_signing import signing_user, verify_location
from shared.wire.signing import WrongSignatureError


class Doubt(StrEnum):
    """Why a message is not accepted as its location's."""

    UNSIGNED = "unsigned"  # although its location signs
    UNKNOWN_KEY = "unknown_key"  # the key is not one of its location's
    ENDED_KEY = "ended_key"
    WRONG_SIGNATURE = "wrong_signature"


class StoredKey(msgspec.Struct, frozen=True):
    """To which place (see `place_of`) a key was given, and whether it has ended."""

    place: str
    ended: bool


class LocationKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of all locations by their public half, and the codes of those whose messages must be signed, whichever
    country they name.
    """

    keys: Mapping[str, StoredKey] = {}
    signing: frozenset[str] = frozenset()

    def doubt(self, context: bytes, subject: str, body: bytes, signature: str | None) -> Doubt | None:
        """Why this message is not accepted; None if it is. `context` is one of shared.nats.location_signing."""
        place = place_of(subject)
        if signature is None:
            return Doubt.UNSIGNED if code_of(subject) in self.signing else None
        key = self.keys.get(signing_user(signature))
        if key is None or key.place != place:
            return Doubt.UNKNOWN_KEY
        if key.ended:
            return Doubt.ENDED_KEY
        try:
            verify_location(context, subject, body, signature)
        except WrongSignatureError:
            return Doubt.WRONG_SIGNATURE
        return None


def place_of(subject: str) -> str:
    """Country and location, as they stand in the subject of a result or heartbeat."""
    return ".".join(subject.split(".")[2:4])


def code_of(subject: str) -> str:
    """The location's code in the subject of a result or heartbeat."""
    return place_of(subject).rpartition(".")[2]
