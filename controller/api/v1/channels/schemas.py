"""Notification channels as our own API reads and answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.monitors import check_name
from controller.decisions.notification.channels import MINIMUM_DURATION, ONLY_FULL
from controller.decisions.notification.fact_subscriptions import FactSubscription
from controller.errors import InvalidError
from controller.http.documents.patch_structs import patch_of
from controller.http.timestamps import Timestamp, timestamp
from controller.model.notification.quiet_hours import QuietHours, quiet_hours_in
from controller.model.values.digest import Digest, digest_in
from controller.model.values.ruled import ruled
from controller.notify.registry import CHANNELS
from controller.operations.channels.channels import ChannelView
from controller.operations.channels.typed_configs import AnyChannelConfig, AnyChannelConfigItem, config_item

READ_ONLY = frozenset({"id", "warnings", "createdAt", "updatedAt"})

if TYPE_CHECKING:
    TypeName = str
else:
    TypeName = Literal[tuple(CHANNELS)]

ChannelTypeName = Annotated[
    TypeName, Meta(description="May stand here or in `config`, or in both. It cannot be changed.", examples=["webhook"])
]
ChannelName = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        examples=["On call"],
        extra=ruled(check_name),
    ),
]
OwningCustomer = Annotated[
    UUID,
    Meta(
        description="It is told of this customer's incidents only; null: of the whole organization's. It cannot be"
        " changed."
    ),
]
OwningMonitor = Annotated[
    UUID, Meta(description="It is told of this monitor's incidents only; null: of more. It cannot be changed.")
]
ChannelPriority = Annotated[
    int, Meta(description="Default 1. Channels with a lower number are notified first.", ge=1, le=1000)
]
ChannelDelay = Annotated[
    int, Meta(description="Default 0. Seconds after the outage is confirmed.", ge=0, le=86_400, examples=[60])
]
OnlyFullOutages = Annotated[
    bool,
    Meta(description="Default false. It is told of full outages only, and of a regional one when it becomes full."),
]
MinimumDuration = Annotated[
    int,
    Meta(description="Seconds that an incident must last before it is told; null: none.", ge=0, le=604_800),
]
ChannelPackages = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=255)]],
    Meta(description="Only for customers with one of these packages; null: all.", max_length=100),
]
OpsChannel = Annotated[
    bool,
    Meta(
        description="Default false. Gets notices about the installation instead of incidents; only in the organization"
        " that runs it."
    ),
]
FactChangeKinds = Annotated[
    list[FactSubscription],
    Meta(
        description="Default none. Changes of servers of which it is notified besides incidents: of the certificate, of"
        " STARTTLS, of what may be an interception, and of any other fact."
    ),
]

ChannelQuietHours = Annotated[
    QuietHours,
    Meta(
        description="Incidents that are to be told in these hours wait for their end, and are then told in one digest;"
        " null: nothing waits."
    ),
]


def with_type_in_config(document: Any) -> Any:
    """A body with `type` in its config, where it may stand beside it. Raises InvalidError when both differ."""
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict) or not isinstance(document.get("type"), str):
        return document
    if config.setdefault("type", document["type"]) != document["type"]:
        raise InvalidError("type", "must be that of config, or left out")
    return document


class ChannelValues(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What may be set of a channel of any type."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    PREPARED = staticmethod(with_type_in_config)

    type: ChannelTypeName | UnsetType = UNSET
    name: ChannelName | UnsetType = UNSET
    config: AnyChannelConfig | UnsetType = UNSET
    customer_id: OwningCustomer | UnsetType | None = UNSET
    monitor_id: OwningMonitor | UnsetType | None = UNSET
    enabled: Annotated[bool, Meta(description="Default true. Whether anything is sent.")] = True
    priority: ChannelPriority = 1
    delay: ChannelDelay = 0
    min_incident_duration: MinimumDuration | None = None
    only_full_outages: OnlyFullOutages = False
    packages: ChannelPackages | None = None
    for_ops: OpsChannel = False
    fact_changes: FactChangeKinds = []
    quiet_hours: ChannelQuietHours | None = None
    digest: Digest | None = None


class ChannelBody(ChannelValues, frozen=True, kw_only=True):
    """A whole channel. What is left out has its default, but secrets that are left out stay."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "On call",
        "config": {"type": "email", "to": ["oncall@example.com"]},
        "enabled": True,
        "priority": 1,
        "delay": 60,
        "minIncidentDuration": 300,
        "onlyFullOutages": False,
        "packages": None,
        "factChanges": ["certificate_changed"],
        "quietHours": {
            "timeZone": "Europe/Berlin",
            "windows": [{"days": ["MO", "TU", "WE", "TH", "FR"], "from": "22:00", "to": "07:00"}],
            "severities": ["partial"],
            "except": [],
        },
        "digest": {"frequency": "weekly", "at": "08:00", "weekday": "mon"},
    }

    name: ChannelName
    config: AnyChannelConfig


class ChannelToCreate(ChannelBody, frozen=True, kw_only=True):
    """A new channel: of a customer, a monitor, or without either the whole organization."""

    source_channel_id: (
        Annotated[
            UUID,
            Meta(description="Another channel of this type: what the config leaves out is copied, secrets included."),
        ]
        | None
    ) = None


class ChannelPatch(msgspec.Struct, frozen=True, kw_only=True):
    """New values (RFC 7396): what is left out stays as it is, and null removes; members of `config` likewise."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"enabled": False, "delay": None, "config": {"to": ["night@example.com"]}}


PATCH_BODY = patch_of(ChannelPatch, ChannelValues)


class ChannelItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A channel. `warnings` change by themselves and are not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"warnings"})

    id: UUID
    type: ChannelTypeName
    name: ChannelName
    config: Annotated[AnyChannelConfigItem, Meta(description="Without its secrets.")]
    customer_id: OwningCustomer | None
    monitor_id: OwningMonitor | None
    enabled: bool
    priority: ChannelPriority
    delay: ChannelDelay
    min_incident_duration: MinimumDuration | None
    only_full_outages: OnlyFullOutages
    packages: ChannelPackages | None
    for_ops: OpsChannel
    fact_changes: FactChangeKinds
    quiet_hours: ChannelQuietHours | None
    digest: Digest | None
    warnings: Annotated[list[str], Meta(description="Why a message to this channel may not arrive during an outage.")]
    created_at: Timestamp
    updated_at: Timestamp


class ChannelPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some channels. `nextCursor` is null at the end."""

    items: list[ChannelItem]
    next_cursor: str | None


EXAMPLE: dict[str, Any] = {
    "id": "88888888-8888-4888-8888-888888888888",
    "type": "email",
    **ChannelBody.EXAMPLE,
    "monitorId": None,
    "forOps": False,
    "warnings": [],
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def channel_item(view: ChannelView) -> ChannelItem:
    channel = view.channel
    return ChannelItem(
        id=channel.public_id,
        type=channel.type,
        name=channel.name,
        config=config_item(channel, view.config),
        customer_id=channel.customer_public_id,
        monitor_id=channel.monitor_public_id,
        enabled=channel.is_active,
        priority=channel.priority,
        delay=channel.delay_seconds,
        min_incident_duration=(channel.conditions or {}).get(MINIMUM_DURATION),
        only_full_outages=(channel.conditions or {}).get(ONLY_FULL) is True,
        packages=channel.allowed_package_types,
        for_ops=channel.for_ops,
        fact_changes=[FactSubscription(name) for name in channel.fact_changes],
        quiet_hours=quiet_hours_in(channel.quiet_hours),
        digest=digest_in(channel.digest),
        warnings=view.warnings,
        created_at=timestamp(channel.created_at),
        updated_at=timestamp(channel.updated_at),
    )
