"""Change the key that requests are signed with, without a gap: add a second, sign with it, drop the first.

Agents know the keys of their enrolment file, so between the first two steps every location is given a new one.
"""

from __future__ import annotations

import msgspec

from controller.trust.keys import Trust, TrustError, new_request_key, verify_keys
from shared.wire.signing import key_id

_FIRST = "there is one request key only: first add another, and give every location a new enrolment file"


def with_another(trust: Trust) -> Trust:
    """A new key that agents can be told of; nothing is signed with it yet. Raises TrustError."""
    if len(trust.requests) > 1:
        raise TrustError("there is a second request key already: sign with it (--use), then drop the first (--drop)")
    return msgspec.structs.replace(trust, requests=[*trust.requests, new_request_key()])


def with_the_other_first(trust: Trust) -> Trust:
    """Sign with the other key; done twice it goes back. Raises TrustError."""
    if len(trust.requests) == 1:
        raise TrustError(_FIRST)
    *others, last = trust.requests
    return msgspec.structs.replace(trust, requests=[last, *others])


def with_one(trust: Trust) -> Trust:
    """Only the key that signs is left. Raises TrustError."""
    if len(trust.requests) == 1:
        raise TrustError(_FIRST)
    return msgspec.structs.replace(trust, requests=trust.requests[:1])


def key_ids(trust: Trust) -> list[str]:
    """What signatures call the keys; the first signs."""
    return [key_id(key) for key in verify_keys(trust)]
