"""The digest mail of a notification channel, as it is stored and as our own API reads it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from controller.model.notification.quiet_hours import WallTime


class Digest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a channel gets its digest, by the organization's clock."""

    frequency: Annotated[Literal["daily", "weekly"], Meta(description="How often it is sent.")]
    at: WallTime = "08:00"
    weekday: Annotated[
        Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], Meta(description="The day of a weekly one.")
    ] = "mon"


def digest_in(stored: dict[str, Any] | None) -> Digest | None:
    """What is stored for a channel."""
    return None if stored is None else msgspec.convert(stored, Digest)
