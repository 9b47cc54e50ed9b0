"""Monitors as Uptimeify's clients send them, and the change that a body stands for (docs/compatibility.md, U3 to U8,
U14 and U22).

Unknown fields are ignored, because vendors' clients send more than their pages name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.monitors.fields import MINUTES, STATUSES, MonitorFields, changed_fields
from controller.decisions.monitors.monitors import check_interval
from controller.errors import InvalidError
from controller.model import MonitorChange, MonitorStatus

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
        **changed_fields(body),
        name=body.name,
        hostname=body.hostname,
        status=_status(body.status),
        interval_seconds=_interval(body.check_interval, body.check_interval_seconds),
        # Absent and null both keep the stored config. The group's own field wins over `config`.
        config=next((config for config in (own_config, body.config) if isinstance(config, dict)), UNSET),
    )


def _status(word: str | UnsetType) -> MonitorStatus | UnsetType:
    if word is UNSET:
        return UNSET
    status = STATUSES.get(word)
    if status is None:
        raise InvalidError("status", f"must be one of {', '.join(STATUSES)}", message="Invalid status")
    return status


def _interval(minutes: int | UnsetType, seconds: int | UnsetType) -> int | UnsetType:
    if seconds is not UNSET:
        check_interval(seconds, field="checkIntervalSeconds")
        return seconds
    if minutes is UNSET:
        return UNSET
    if minutes not in MINUTES:
        raise InvalidError("checkInterval", f"must be from {MINUTES[0]} to {MINUTES[-1]} minutes")
    return minutes * 60
