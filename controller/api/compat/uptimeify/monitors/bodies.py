"""Monitors as Uptimeify's clients send them, and the change that a body stands for (docs/compatibility.md, U3 to U8,
U14 and U22).

Unknown fields are ignored, because vendors' clients send more than their pages name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.monitors import check_interval
from controller.errors import InvalidError
from controller.http.identifiers import INVALID_CUSTOMER
from controller.model import MonitorChange, MonitorStatus

_MINUTES = range(1, 1440 + 1)

_STATUS = {
    "active": MonitorStatus.ACTIVE,
    "maintenance": MonitorStatus.MAINTENANCE,
    "disabled": MonitorStatus.DISABLED,
    "paused": MonitorStatus.DISABLED,
    "inactive": MonitorStatus.DISABLED,
}

Name = Annotated[str, Meta(description="1 to 255 printable characters.", examples=["Outbound SMTP"])]
Hostname = Annotated[
    str,
    Meta(description="A host name or an IP address; no protocol, no path, no port.", examples=["smtp.example.com"]),
]
_PORTS = {"minimum": 1, "maximum": 65535}
SmtpPort = Annotated[
    int | None,
    Meta(description="1 to 65535. Null: 465 with secure, else 25.", examples=[587], extra_json_schema=_PORTS),
]
ImapPopPort = Annotated[
    int | None,
    Meta(
        description="1 to 65535. Null: with tls 993 for imap and 995 for pop3, else 143 and 110.",
        examples=[993],
        extra_json_schema=_PORTS,
    ),
]
Status = Annotated[
    str,
    Meta(
        description="paused and inactive are stored and returned as disabled.",
        examples=["active"],
        extra_json_schema={"enum": list(_STATUS)},
    ),
]
Minutes = Annotated[
    int,
    Meta(
        description="Minutes between checks, 1 to 1440. On create 30 when not given.",
        examples=[60],
        extra_json_schema={"minimum": _MINUTES[0], "maximum": _MINUTES[-1]},
    ),
]
Seconds = Annotated[
    int,
    Meta(
        description="Seconds between checks, 10 to 86400; wins over checkInterval.",
        extra_json_schema={"minimum": 10, "maximum": 86400},
    ),
]
Timeout = Annotated[
    int,
    Meta(
        description="Seconds for the whole check, 1 to 60 and at most the interval. On create 30, or the interval.",
        examples=[30],
        extra_json_schema={"minimum": 1, "maximum": 60},
    ),
]
Countries = Annotated[
    list[str] | None,
    Meta(description="ISO 3166-1 alpha-2 codes; an empty list is null: no restriction here.", examples=[["DE", "US"]]),
]
_OURS = (
    "ipFamily (any, ipv4 or ipv6), warningMs (a passing check that took longer has a warning) and"
    " certificateWarningDays (14); other keys are kept. A secret sent as ******** keeps the stored one."
)
SmtpConfig = Annotated[
    dict[str, Any] | None,
    Meta(
        description=(
            "Replaces the stored config. The check uses secure, ignoreTls, requireTls, auth.user, auth.pass,"
            " auth.accessToken (instead of auth.pass: an OAuth 2.0 access token), tlsOptions.rejectUnauthorized,"
            f" ehloName, mailFrom and rcptTo (is that recipient accepted?), {_OURS}"
        ),
        examples=[
            {
                "secure": False,
                "ignoreTls": False,
                "requireTls": False,
                "auth": {"user": "username", "pass": "password"},
            }
        ],
    ),
]
ImapPopConfig = Annotated[
    dict[str, Any] | None,
    Meta(
        description=(
            "Replaces the stored config. The check uses protocol (imap, the default, or pop3), user, password,"
            " accessToken (instead of password: an OAuth 2.0 access token), tls, starttls (never, the default,"
            " opportunistic or required), tlsOptions.rejectUnauthorized, mailbox (imap; INBOX when not given),"
            f" {_OURS}"
        ),
        examples=[
            {
                "protocol": "imap",
                "user": "monitor@example.com",
                "password": "password",
                "tls": True,
                "tlsOptions": {"rejectUnauthorized": True},
            }
        ],
    ),
]
ConfigAlias = Annotated[
    dict[str, Any] | None, Meta(description="Another name of the config of this type, which wins over it.")
]
Email = Annotated[str | None, Meta(description="Null: the customer's.")]
PhoneNumber = Annotated[str | None, Meta(description="E.164; null: the customer's.", examples=["+4930123456"])]


class MonitorFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that create and update of both groups share."""

    REFUSALS: ClassVar[dict[str, str]] = {
        "customerId": INVALID_CUSTOMER,
        "status": "Invalid status",
    }

    port: int | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    check_interval: Minutes | UnsetType = UNSET
    check_interval_seconds: Seconds | UnsetType = UNSET
    timeout_seconds: Timeout | UnsetType = UNSET
    allowed_check_country_codes: Countries | UnsetType = UNSET
    config: ConfigAlias | UnsetType = UNSET
    notification_email: Email | UnsetType = UNSET
    notification_phone_number: PhoneNumber | UnsetType = UNSET


class UptimeifyNewMonitor(MonitorFields, frozen=True, kw_only=True, rename="camel"):
    """A monitor to create. `customerId` is the customer's number or public UUID."""

    customer_id: Annotated[int | str, Meta(examples=["11111111-1111-4111-8111-111111111111"])]
    name: Name
    hostname: Hostname


class UptimeifyMonitorChange(MonitorFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value."""

    OF_A_MONITOR: ClassVar[bool] = True

    name: Name | UnsetType = UNSET
    hostname: Hostname | UnsetType = UNSET


class NewSmtpMonitor(UptimeifyNewMonitor, frozen=True, kw_only=True, rename="camel"):
    port: SmtpPort | UnsetType = UNSET
    smtp_config: SmtpConfig | UnsetType = UNSET


class SmtpMonitorChange(UptimeifyMonitorChange, frozen=True, kw_only=True, rename="camel"):
    port: SmtpPort | UnsetType = UNSET
    smtp_config: SmtpConfig | UnsetType = UNSET


class NewImapPopMonitor(UptimeifyNewMonitor, frozen=True, kw_only=True, rename="camel"):
    port: ImapPopPort | UnsetType = UNSET
    imap_pop_config: ImapPopConfig | UnsetType = UNSET


class ImapPopMonitorChange(UptimeifyMonitorChange, frozen=True, kw_only=True, rename="camel"):
    port: ImapPopPort | UnsetType = UNSET
    imap_pop_config: ImapPopConfig | UnsetType = UNSET


def change_of(
    body: UptimeifyNewMonitor | UptimeifyMonitorChange, own_config: dict[str, Any] | UnsetType | None
) -> MonitorChange:
    """`own_config` is the config in the group's own field. Raises InvalidError."""
    return MonitorChange(
        name=body.name,
        hostname=body.hostname,
        port=body.port,
        status=_status(body.status),
        interval_seconds=_interval(body.check_interval, body.check_interval_seconds),
        timeout_seconds=body.timeout_seconds,
        allowed_check_country_codes=body.allowed_check_country_codes,
        # Absent and null both keep the stored config. The group's own field wins over `config`.
        config=next((config for config in (own_config, body.config) if isinstance(config, dict)), UNSET),
        notification_email=body.notification_email,
        notification_phone_number=body.notification_phone_number,
    )


def _status(word: str | UnsetType) -> MonitorStatus | UnsetType:
    if word is UNSET:
        return UNSET
    status = _STATUS.get(word)
    if status is None:
        raise InvalidError("status", f"must be one of {', '.join(_STATUS)}", message="Invalid status")
    return status


def _interval(minutes: int | UnsetType, seconds: int | UnsetType) -> int | UnsetType:
    if seconds is not UNSET:
        check_interval(seconds, field="checkIntervalSeconds")
        return seconds
    if minutes is UNSET:
        return UNSET
    if minutes not in _MINUTES:
        raise InvalidError("checkInterval", f"must be from {_MINUTES[0]} to {_MINUTES[-1]} minutes")
    return minutes * 60
