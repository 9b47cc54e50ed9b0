"""An organization's escalation as Uptimeify's clients send and read it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.channels.bodies import ChannelAnswer, channel_answer
from controller.api.compat.uptimeify.channels.examples import CHANNEL
from controller.errors import InvalidError
from controller.http.timestamps import Timestamp, timestamp_or_none
from controller.operations.channels.channel_tests import ChannelTestResult
from controller.operations.channels.escalation import Escalation, EscalationConfigChange

_KEYS = {
    "webhook_method": "method",
    "webhook_headers": "headers",
    "webhook_body_template": "bodyTemplate",
    "webhook_timeout": "timeout",
    "webhook_retry_attempts": "retryAttempts",
    "webhook_retry_delay": "retryDelay",
    "expected_status_codes": "expectedStatusCodes",
}
FIELDS = {
    "config.url": "webhookUrl",
    "config.method": "webhookMethod",
    "config.headers": "webhookHeaders",
    "config.bodyTemplate": "webhookBodyTemplate",
}
"""The names of fields here that the rules of a channel's config name otherwise."""

_RANGES = {
    "webhook_timeout": ("webhookTimeout", range(1, 30 + 1)),
    "webhook_retry_attempts": ("webhookRetryAttempts", range(10 + 1)),
    "webhook_retry_delay": ("webhookRetryDelay", range(3600 + 1)),
}


def _number(name: str, description: str) -> Any:
    allowed = _RANGES[name][1]
    return Meta(description=description, extra_json_schema={"minimum": allowed[0], "maximum": allowed[-1]})


Url = Annotated[
    str | None,
    Meta(description="Where messages go. Null switches the webhook off.", examples=["https://hooks.example.com/mail"]),
]
Method = Annotated[str, Meta(description="POST, PUT, PATCH, GET or DELETE.", examples=["POST"])]
Headers = Annotated[
    dict[str, str | None] | None,
    Meta(description="A secret value is read back as null, which keeps it.", examples=[{"X-Team": "mail"}]),
]
Template = Annotated[str | None, Meta(description="With placeholders such as {{status}}; null: Mailprobe's document.")]
Timeout = Annotated[int, _number("webhook_timeout", "Seconds.")]
Attempts = Annotated[int, _number("webhook_retry_attempts", "How often a message is sent again.")]
RetryDelay = Annotated[int, _number("webhook_retry_delay", "Seconds before it is sent again.")]
Statuses = Annotated[str, Meta(description="Status codes, separated by commas.", examples=["200,201,202,204"])]


class EscalationUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """New values; what is left out stays. `defaultEmail` and `defaultPhoneNumber` are where the organization's first
    channel of their kind goes, which is made when there is none.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "webhookUrl": "https://hooks.example.com/mail",
        "webhookMethod": "POST",
        "defaultEmail": "oncall@example.com",
    }

    webhook_url: Url | UnsetType = UNSET
    webhook_method: Method | UnsetType = UNSET
    webhook_headers: Headers | UnsetType = UNSET
    webhook_body_template: Template | UnsetType = UNSET
    webhook_timeout: Timeout | UnsetType = UNSET
    webhook_retry_attempts: Attempts | UnsetType = UNSET
    webhook_retry_delay: RetryDelay | UnsetType = UNSET
    expected_status_codes: Statuses | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    default_email: str | UnsetType | None = UNSET
    default_phone_number: str | UnsetType | None = UNSET


class EscalationOrganization(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the organization sets for its notifications."""

    default_email: str | None
    default_phone_number: str | None
    default_notification_channels: dict[str, bool] | None
    default_notification_targets: dict[str, str] | None
    default_notification_rules: dict[str, dict[str, bool]] | None


class EscalationAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The webhook is the organization's channel `webhookChannelId` (Mailprobe's own), and can be changed there too."""

    id: int
    organization_id: int
    webhook_channel_id: int | None
    webhook_url: Url
    webhook_method: Method
    webhook_headers: Headers
    webhook_body_template: Annotated[Any, Meta(description="Text, or JSON; null: Mailprobe's document.")]
    webhook_timeout: Annotated[float, Meta(description="Seconds.")]
    webhook_retry_attempts: int
    webhook_retry_delay: int
    expected_status_codes: Statuses
    is_active: bool
    last_tested_at: Timestamp | None
    last_test_status: Annotated[str | None, Meta(extra_json_schema={"enum": ["success", "failed", None]})]
    last_test_error: str | None
    organization: EscalationOrganization
    notification_channels: list[ChannelAnswer]


class EscalationTestAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`statusCode` is what the webhook answered; null when it did not."""

    success: bool
    status_code: int | None
    message: str


BODIES = (EscalationUpdate, EscalationOrganization, EscalationAnswer, EscalationTestAnswer)

EXAMPLE: dict[str, Any] = {
    "id": 1,
    "organizationId": 1,
    "webhookChannelId": 7,
    "webhookUrl": "https://hooks.example.com/mail",
    "webhookMethod": "POST",
    "webhookHeaders": None,
    "webhookBodyTemplate": None,
    "webhookTimeout": 30,
    "webhookRetryAttempts": 3,
    "webhookRetryDelay": 60,
    "expectedStatusCodes": "200,201,202,204",
    "isActive": True,
    "lastTestedAt": "2026-01-01T12:00:00.000Z",
    "lastTestStatus": "success",
    "lastTestError": None,
    "organization": {
        "defaultEmail": "oncall@example.com",
        "defaultPhoneNumber": None,
        "defaultNotificationChannels": None,
        "defaultNotificationTargets": None,
        "defaultNotificationRules": {"smtp": {"sms": False}},
    },
    "notificationChannels": [CHANNEL],
}
TESTED: dict[str, Any] = {"success": True, "statusCode": 200, "message": "It answered 200 OK"}


def escalation_change(body: EscalationUpdate) -> EscalationConfigChange:
    """Raises InvalidError."""
    for name, (field, allowed) in _RANGES.items():
        value = getattr(body, name)
        if value is not UNSET and value not in allowed:
            raise InvalidError(field, f"must be from {allowed[0]} to {allowed[-1]}")
    codes = body.expected_status_codes
    if isinstance(codes, str) and not all(_is_status(code) for code in codes.split(",")):
        raise InvalidError("expectedStatusCodes", "must be status codes, separated by commas")
    return EscalationConfigChange(
        url=body.webhook_url,
        is_active=body.is_active,
        settings={key: value for name, key in _KEYS.items() if (value := getattr(body, name)) is not UNSET},
        email=body.default_email,
        phone_number=body.default_phone_number,
    )


def escalation_answer(found: Escalation) -> EscalationAnswer:
    """What a channel that was made elsewhere leaves out is what its messages are sent with."""
    row, config, organization = found.row, found.config, found.organization
    codes = config.get("expectedStatusCodes")
    return EscalationAnswer(
        id=row.id,
        organization_id=row.organization_id,
        webhook_channel_id=row.channel_id,
        webhook_url=found.url,
        webhook_method=str(config.get("method") or "POST"),
        webhook_headers=config.get("headers"),
        webhook_body_template=config.get("bodyTemplate"),
        webhook_timeout=config.get("timeout", 10),
        webhook_retry_attempts=config.get("retryAttempts", 3),
        webhook_retry_delay=config.get("retryDelay", 60),
        expected_status_codes=",".join(map(str, codes)) if isinstance(codes, list) else str(codes or "200-299"),
        is_active=found.is_active,
        last_tested_at=timestamp_or_none(row.last_tested_at),
        last_test_status=row.last_test_status,
        last_test_error=row.last_test_error,
        organization=EscalationOrganization(
            default_email=found.email,
            default_phone_number=found.phone_number,
            default_notification_channels=organization.default_notification_channels,
            default_notification_targets=organization.default_notification_targets,
            default_notification_rules=organization.default_notification_rules,
        ),
        notification_channels=[channel_answer(view) for view in found.channels],
    )


def escalation_test_answer(done: ChannelTestResult) -> EscalationTestAnswer:
    status = done.response.status_code if done.response else None
    return EscalationTestAnswer(success=done.success, status_code=status, message=done.message)


def _is_status(text: str) -> bool:
    text = text.strip()
    return text.isascii() and text.isdecimal() and len(text) == 3
