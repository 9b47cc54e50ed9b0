"""Groups of recipients as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.timestamps import Timestamp, timestamp
from controller.model.notification.recipients import RecipientGroup
from controller.operations.channels.recipient_groups import LONGEST_NAME, MOST_MEMBERS, GroupChange, Members

GroupName = Annotated[
    str,
    Meta(
        description=f"1 to {LONGEST_NAME} printable characters.",
        min_length=1,
        max_length=LONGEST_NAME,
        examples=["Mail team"],
    ),
]
MonitorIds = Annotated[
    list[UUID],
    Meta(description="The monitors of which its channels hear.", min_length=1, max_length=MOST_MEMBERS),
]
ChannelIds = Annotated[
    list[UUID],
    Meta(
        description="Channels of the organization or of customers. A monitor's own channels always hear.",
        min_length=1,
        max_length=MOST_MEMBERS,
    ),
]
Statuses = Annotated[
    list[Annotated[int, Meta(ge=0, le=999)]],
    Meta(
        description="Default []: its channels hear of every failure; else of those that a location finds with one of"
        " these statuses: 1 no connection, 2 timeout, 3 host name, 4 TLS, 5 protocol, 6 login, 7 our probe is refused.",
        max_length=100,
        examples=[[4, 6]],
    ),
]
IsDefault = Annotated[
    bool,
    Meta(description="Default false. True: it hears of monitors that are in no group, instead of the one that did."),
]


class RecipientGroupBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A group to make. Monitors in groups are told to the channels of these groups, and to no others."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Mail team",
        "monitorIds": ["33333333-3333-4333-8333-333333333333"],
        "channelIds": ["36363636-3636-4636-8636-363636363636"],
        "statuses": [],
        "isDefault": False,
    }

    name: GroupName
    monitor_ids: MonitorIds
    channel_ids: ChannelIds
    statuses: Statuses = []
    is_default: IsDefault = False


class RecipientGroupPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is; a list replaces the whole list."""

    IGNORED: ClassVar[frozenset[str]] = RecipientGroupBody.IGNORED
    EXAMPLE: ClassVar[dict[str, Any]] = {"statuses": [4, 6]}

    name: GroupName | UnsetType = UNSET
    monitor_ids: MonitorIds | UnsetType = UNSET
    channel_ids: ChannelIds | UnsetType = UNSET
    statuses: Statuses | UnsetType = UNSET
    is_default: IsDefault | UnsetType = UNSET


class RecipientGroupItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group. Monitors and channels that are gone are left out."""

    id: UUID
    name: GroupName
    monitor_ids: Annotated[list[UUID], Meta(description="The monitors of which its channels hear.")]
    channel_ids: Annotated[list[UUID], Meta(description="Who hears of them.")]
    statuses: Statuses
    is_default: IsDefault
    created_at: Timestamp
    updated_at: Timestamp


class RecipientGroupPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All groups, oldest first. `nextCursor` is always null."""

    items: list[RecipientGroupItem]
    next_cursor: str | None


BODIES = (RecipientGroupBody, RecipientGroupPatch, RecipientGroupItem, RecipientGroupPage)
NAMES = {"monitors": "monitorIds", "recipients": "channelIds"}
"""Our names of fields that the operations name otherwise."""

EXAMPLE: dict[str, Any] = {
    "id": "48484848-4848-4848-8848-484848484848",
    **RecipientGroupBody.EXAMPLE,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def ids_of(body: RecipientGroupBody | RecipientGroupPatch) -> tuple[list[UUID], list[UUID]]:
    """The monitors and the channels that are sent."""
    return body.monitor_ids or [], body.channel_ids or []


def changed_group(body: RecipientGroupBody | RecipientGroupPatch, members: Members, before: GroupChange) -> GroupChange:
    """`members` are the numbers of those that are sent. A monitor that was a member keeps its step number."""
    monitors, recipients = before.monitors, before.recipients
    if body.monitor_ids is not UNSET:
        monitors = {number: before.monitors.get(number, 0) for number in members.monitors}
    if body.channel_ids is not UNSET:
        recipients = members.recipients
    extras = before.extras
    if body.statuses is not UNSET and (body.statuses or extras):
        extras = {**extras, "errortypes": list(dict.fromkeys(body.statuses))}
    return GroupChange(
        name=before.name if body.name is UNSET else body.name,
        monitors=monitors,
        recipients=recipients,
        is_default=before.is_default if body.is_default is UNSET else body.is_default,
        extras=extras,
    )


def group_item(group: RecipientGroup) -> RecipientGroupItem:
    return RecipientGroupItem(
        id=group.public_id,
        name=group.name,
        monitor_ids=[one.public_id for one in group.monitors],
        channel_ids=[one.public_id for one in group.recipients],
        statuses=group.error_types,
        is_default=group.is_default,
        created_at=timestamp(group.created_at),
        updated_at=timestamp(group.updated_at),
    )
