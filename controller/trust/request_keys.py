"""Replaces the key that signs requests, without a gap: add a second key, sign with it, drop the first.

Agents accept the keys in their enrolment file, so every location must get a new file between the first two steps.
"""

from __future__ import annotations

import msgspec

from controller.trust.keys import Trust, TrustError, new_request_key, verify_keys
from shared.wire.signing import key_id

_ONLY_ONE = "there is only one request key: first add another, and give every location a new enrolment file"


def with_second_key(trust: Trust) -> Trust:
    """Add a key that new enrolment files include; it does not sign yet. Raises TrustError."""
    if len(trust.requests) > 1:
        raise TrustError("there is a second request key already: sign with it (--use), then drop the first (--drop)")
    return msgspec.structs.replace(trust, requests=[*trust.requests, new_request_key()])


def with_swapped_keys(trust: Trust) -> Trust:
    """Sign with the other key; a second call goes back to the first key. Raises TrustError."""
    if len(trust.requests) == 1:
        raise TrustError(_ONLY_ONE)
    *others, last = trust.requests
    return msgspec.structs.replace(trust, requests=[last, *others])


def with_signing_key_only(trust: Trust) -> Trust:
    """Remove all keys but the one that signs. Raises TrustError."""
    if len(trust.requests) == 1:
        raise TrustError(_ONLY_ONE)
    return msgspec.structs.replace(trust, requests=trust.requests[:1])


def key_ids(trust: Trust) -> list[str]:
    """The ids that signatures carry, one for each key; the first key signs."""
    return [key_id(key) for key in verify_keys(trust)]
