"""Whether and when receivers are reminded of incidents that nobody has taken."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.api.v1.layered_settings.kind import SettingsKind
from controller.decisions.on_call.reminders import FIRST_MINUTES, MAX_MINUTES, MINUTES, ReminderTimes
from controller.operations.on_call.reminders import REMINDERS

_ABOUT = """\
Whoever was notified of a group of incidents is reminded of it until somebody takes it: one message for each receiver
and group, after pauses that double. Nobody is reminded in a maintenance, or while the incidents come and go.
"""

RemindersOn = Annotated[bool, Meta(description="Default false: nobody is reminded.")]
FirstMinutes = Annotated[
    int,
    Meta(
        description=f"How long after the notification the first reminder comes; default {FIRST_MINUTES}.",
        ge=MINUTES[0],
        le=MINUTES[1],
    ),
]
MaxMinutes = Annotated[
    int,
    Meta(description=f"The longest pause; default {MAX_MINUTES}.", ge=MINUTES[0], le=MINUTES[1]),
]


class RemindersBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All that is set. What is left out or null is as the organization says, and there it has its default."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"inForce"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"enabled": True, "firstMinutes": 15, "maxMinutes": 120}

    enabled: RemindersOn | None = None
    first_minutes: FirstMinutes | None = None
    max_minutes: MaxMinutes | None = None


class RemindersInForce(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What holds, the organization's settings and defaults included."""

    enabled: RemindersOn
    first_minutes: FirstMinutes
    max_minutes: MaxMinutes


class RemindersItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is set, and what holds, which can change with the organization's settings and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"in_force"})

    enabled: RemindersOn | None
    first_minutes: FirstMinutes | None
    max_minutes: MaxMinutes | None
    in_force: RemindersInForce


def _shown(times: ReminderTimes) -> RemindersInForce:
    return RemindersInForce(
        enabled=times.enabled,
        first_minutes=round(times.first.total_seconds() / 60),
        max_minutes=round(times.longest.total_seconds() / 60),
    )


KIND = SettingsKind(
    path="reminders",
    name="Reminders",
    tag="Being on call",
    subject="whether and when receivers are reminded",
    about=_ABOUT,
    refused="maxMinutes must not be less than firstMinutes",
    settings=REMINDERS,
    body=RemindersBody,
    item=RemindersItem,
    shown=_shown,
    example={**RemindersBody.EXAMPLE, "inForce": RemindersBody.EXAMPLE},
)
