"""Notification channels as Uptimeify's clients send and read them; `forOps` and the channels of monitors are ours."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.monitor_groups import vendors_numbers
from controller.decisions.notification.channels import CATEGORIES
from controller.http.timestamps import Timestamp, timestamp
from controller.notify.registry import CHANNELS
from controller.operations.channels.channel_tests import ChannelTestResult
from controller.operations.channels.channels import ChannelView

Type = Annotated[
    str, Meta(description="The kind of channel.", examples=["webhook"], extra_json_schema={"enum": sorted(CHANNELS)})
]
Config = Annotated[
    dict[str, Any] | str,
    Meta(
        description="What the type needs, or its JSON text. A secret is never returned.",
        examples=[{"url": "https://hooks.example.com/mail", "secret": "correct horse"}],
    ),
]
Identifier: TypeAlias = int | str
Category = Annotated[str, Meta(description="The type's own.", extra_json_schema={"enum": list(CATEGORIES)})]
Priority = Annotated[
    int,
    Meta(
        description="Channels with a lower number are notified first.",
        extra_json_schema={"minimum": 1, "maximum": 1000},
    ),
]
Delay = Annotated[
    int, Meta(description="Seconds after the outage is confirmed.", extra_json_schema={"minimum": 0, "maximum": 86400})
]
Conditions = Annotated[
    dict[str, Any] | None,
    Meta(description="`minIncidentDuration` in seconds; other keys are kept.", examples=[{"minIncidentDuration": 300}]),
]
Packages = Annotated[list[str] | None, Meta(description="Only for customers with these packages; null: all.")]
ForOps = Annotated[
    bool,
    Meta(
        description="Gets notices about the installation instead of incidents; only in the organization that runs it.",
    ),
]


class ChannelFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that create and update share."""

    category: Category | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    delay_seconds: Delay | UnsetType = UNSET
    conditions: Conditions | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    allowed_package_types: Packages | UnsetType = UNSET
    for_ops: ForOps | UnsetType = UNSET


class NewChannelBody(ChannelFields, frozen=True, kw_only=True, rename="camel"):
    """A channel of the organization, unless it names a customer or a monitor, by number or public UUID.

    With `sourceChannelId` it copies what its config leaves out, secrets included, from that channel of the same type.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "type": "email",
        "name": "On call",
        "config": {"to": "oncall@example.com"},
        "customerId": "11111111-1111-4111-8111-111111111111",
        "delaySeconds": 60,
        "conditions": {"minIncidentDuration": 300},
    }

    type: Type
    name: Annotated[str, Meta(description="1 to 255 printable characters.", examples=["On call"])]
    config: Config
    organization_id: int | None = None
    customer_id: Identifier | None = None
    website_id: Annotated[Identifier | None, Meta(description="Null: there are no websites here.")] = None
    monitor_id: Annotated[Identifier | None, Meta(description="A monitor of any type.")] = None
    smtp_monitor_id: Identifier | None = None
    imap_pop_monitor_id: Identifier | None = None
    source_channel_id: int | None = None


class ChannelUpdate(ChannelFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value. `config` is merged: null removes a key, but keeps a secret,
    which an empty text removes.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "On call at night", "delaySeconds": 0, "isActive": True}

    type: Annotated[str | UnsetType, Meta(description="Cannot be changed.")] = UNSET
    name: str | UnsetType = UNSET
    config: Config | UnsetType = UNSET


class ChannelTestBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A channel to try before it is created; with `channelId` (ours) an existing one, with `config` merged into its
    own.

    With `dryRun` nothing is sent.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"type": "email", "config": {"to": "oncall@example.com"}, "dryRun": True}

    type: Type
    config: Config
    organization_id: int | None = None
    customer_id: Identifier | None = None
    website_id: Annotated[Identifier | None, Meta(description="Null: there are no websites here.")] = None
    channel_id: int | None = None
    dry_run: bool = False


class ChannelAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Secrets in `config` are null, and `hasSecret` says whether there are any. `warnings` say why a message to this
    channel may not arrive during an outage. `customerId` is null for a channel of a monitor.
    """

    id: int
    organization_id: int
    customer_id: int | None
    website_id: None = None
    monitor_id: int | None
    smtp_monitor_id: int | None
    imap_pop_monitor_id: int | None
    type: str
    category: str
    name: str
    config: dict[str, Any]
    has_secret: bool
    priority: int
    delay_seconds: int
    conditions: dict[str, Any] | None
    is_active: bool
    allowed_package_types: list[str] | None
    for_ops: bool
    warnings: list[str]
    created_at: Timestamp
    updated_at: Timestamp


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the config can be used, with errors and warnings."""

    ok: bool
    errors: list[str]
    warnings: list[str]


class UptimeifySentRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The request that was sent, or would be; secrets are ********."""

    url: str
    method: str
    timeout_seconds: float
    headers: dict[str, str]
    body_preview: str
    body_size: int


class UptimeifyReceivedResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The response; `reachable` says whether there was one."""

    reachable: bool
    ok: bool
    status_code: int | None
    status_text: str | None
    duration_ms: int
    headers: dict[str, str]
    body_preview: str
    body_size: int


class ChannelTestAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`request` and `response` are null where nothing was sent by HTTP. A 429 of the receiver counts as success."""

    success: bool
    mode: Literal["send", "dryRun"]
    message: str
    validation: Validation
    request: UptimeifySentRequest | None
    response: UptimeifyReceivedResponse | None


def channel_answer(view: ChannelView) -> ChannelAnswer:
    channel = view.channel
    return ChannelAnswer(
        id=channel.id,
        organization_id=channel.organization_id,
        customer_id=channel.customer_id,
        monitor_id=channel.monitor_id,
        **vendors_numbers(channel.monitor_kind, channel.monitor_id),
        type=channel.type,
        category=channel.category,
        name=channel.name,
        config=view.config | ({"hasSecret": True} if view.has_secret else {}),
        has_secret=view.has_secret,
        priority=channel.priority,
        delay_seconds=channel.delay_seconds,
        conditions=channel.conditions,
        is_active=channel.is_active,
        allowed_package_types=channel.allowed_package_types,
        for_ops=channel.for_ops,
        warnings=view.warnings,
        created_at=timestamp(channel.created_at),
        updated_at=timestamp(channel.updated_at),
    )


def tested(done: ChannelTestResult, *, dry_run: bool) -> ChannelTestAnswer:
    return ChannelTestAnswer(
        success=done.success,
        mode="dryRun" if dry_run else "send",
        message=done.message,
        validation=Validation(ok=not done.errors, errors=done.errors, warnings=done.warnings),
        request=None if done.request is None else UptimeifySentRequest(**msgspec.structs.asdict(done.request)),
        response=None if done.response is None else UptimeifyReceivedResponse(**msgspec.structs.asdict(done.response)),
    )
