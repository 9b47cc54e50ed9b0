"""How incidents of one cause are reported together."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.api.v1.layered_settings.kind import SettingsKind
from controller.decisions.notification.grouping import LIMITS, GroupingSettings
from controller.operations.incidents.grouping_settings import GROUPING

_ABOUT = """\
The first outage of a cause is reported at once. What joins it within `groupSeconds` is in one more message, and later
ones in one each `groupUpdateSeconds`. More than `stormLimit` causes in a minute are reported as one storm. An end is
reported once all is over, or after 15 minutes and not within `groupUpdateSeconds` of the message before.
"""
_LIMITS = {name: {"ge": allowed[0], "le": allowed[-1]} for name, allowed in LIMITS.items()}

GroupingOn = Annotated[bool, Meta(description="Default true; false: each incident is reported by itself.")]
GroupSeconds = Annotated[
    int,
    Meta(description="How long incidents join the first message's follow-up; default 60.", **_LIMITS["groupSeconds"]),
]
UpdateSeconds = Annotated[
    int, Meta(description="The pause between later messages; default 300.", **_LIMITS["groupUpdateSeconds"])
]
StormLimit = Annotated[
    int, Meta(description="How many causes in a minute are no storm yet; default 5.", **_LIMITS["stormLimit"])
]


class GroupingBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All that is set. What is left out or null is as the organization says, and there it has its default."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"inForce"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "enabled": True,
        "groupSeconds": 60,
        "groupUpdateSeconds": 300,
        "stormLimit": 5,
    }

    enabled: GroupingOn | None = None
    group_seconds: GroupSeconds | None = None
    group_update_seconds: UpdateSeconds | None = None
    storm_limit: StormLimit | None = None


class GroupingInForce(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What holds, the organization's settings and defaults included."""

    enabled: GroupingOn
    group_seconds: GroupSeconds
    group_update_seconds: UpdateSeconds
    storm_limit: StormLimit


class GroupingItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is set, and what holds, which can change with the organization's settings and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"in_force"})

    enabled: GroupingOn | None
    group_seconds: GroupSeconds | None
    group_update_seconds: UpdateSeconds | None
    storm_limit: StormLimit | None
    in_force: Annotated[GroupingInForce, Meta(description="What holds.")]


def _shown(found: GroupingSettings) -> GroupingInForce:
    return GroupingInForce(**msgspec.structs.asdict(found))


KIND = SettingsKind(
    path="grouping",
    name="Grouping",
    tag="Incidents",
    subject="how incidents of one cause are reported together",
    about=_ABOUT,
    refused="groupSeconds must be from 10 to 3600",
    settings=GROUPING,
    body=GroupingBody,
    item=GroupingItem,
    shown=_shown,
    example={**GroupingBody.EXAMPLE, "inForce": GroupingBody.EXAMPLE},
)
