"""When a location's unsigned messages are refused: soon after all its live agents sign, and then for good. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

GRACE = timedelta(minutes=5)
"""For how long unsigned results are still accepted: an agent of an older version may have sent them just before."""


class SigningAgents(NamedTuple):
    """The live agents of a location and how many of them sign. `since` is from when on its unsigned messages are
    refused, `begun` whether that moment has come.
    """

    since: datetime | None
    begun: bool | None
    live: int
    signing: int


class SigningChange(Enum):
    BEGIN = auto()
    PUT_OFF = auto()


def signing_change(agents: SigningAgents) -> SigningChange | None:
    """What changes. Once it has begun nothing does: whoever controls the broker can drop the signed messages of agents,
    and send unsigned ones in their name.
    """
    all_sign = agents.live > 0 and agents.signing == agents.live
    if agents.since is None:
        return SigningChange.BEGIN if all_sign else None
    if not agents.begun and agents.signing < agents.live:
        return SigningChange.PUT_OFF
    return None
