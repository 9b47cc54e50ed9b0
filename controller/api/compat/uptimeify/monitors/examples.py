"""The examples of monitors in the OpenAPI document, as the vendor's pages print them, with our own fields."""

from __future__ import annotations

from typing import Any, NamedTuple

from controller.api.compat.uptimeify.details.examples import details
from controller.api.compat.uptimeify.monitors.fields import EXAMPLE

_PUBLIC_ID = "33333333-3333-4333-8333-333333333333"
_CUSTOMER = {
    "id": 10,
    "publicId": "11111111-1111-4111-8111-111111111111",
    "organizationId": 1,
    "name": "Example Customer",
    "email": "ops@example.com",
    "allowedCheckCountryCodes": None,
    "customFields": None,
    "alertLocationThresholdCount": 1,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
_COMMON = {
    "publicId": _PUBLIC_ID,
    "organizationId": 1,
    "customerId": 10,
    **EXAMPLE,
    "lastCheckedAt": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
_CHECK = {
    "id": "8c3f1f3e-3a55-5c63-9d3f-6a2f0a7f3b52",
    "status": "failure",
    "errorMessage": "connection refused",
    "warningMessage": None,
    "diagnostics": {"address": "192.0.2.25"},
    "checkedAt": "2026-01-01T12:00:00.012Z",
    "locationId": 1,
    "locationName": "Nuremberg (DE)",
    "locationCode": "de-nbg",
    "countryCode": "DE",
    "timings": {"resolve": 4.1, "connect": 7.6},
    "failure": {"kind": "refused", "source": "target", "phase": "connect", "detail": "connection refused"},
    "warnings": [],
    "scheduledAt": "2026-01-01T12:00:00.000Z",
    "purpose": "scheduled",
    "loopLagMs": 0.2,
    "kernelRttMs": None,
    "loginWithheld": False,
    "transcript": [{"atMs": 4.1, "speaker": "note", "text": "192.0.2.25: connection refused"}],
}


class Examples(NamedTuple):
    """The answers of one group of routes."""

    written: dict[str, Any]
    read: dict[str, Any]
    page: dict[str, Any]
    triggered: dict[str, Any]
    history: dict[str, Any]
    details: dict[str, Any]


def _examples(
    monitor: dict[str, Any],
    config: dict[str, Any],
    masked: dict[str, Any],
    *,
    names: dict[str, str],
    customer: dict[str, Any],
) -> Examples:
    own, number, queue, timing = (names[name] for name in ("config", "id", "queue", "timing"))
    return Examples(
        written={**monitor, "config": config, own: config, "warnings": []},
        read={**monitor, "config": masked, own: masked, "warnings": [], **customer},
        page={
            "items": [{**monitor, "config": masked, "customerName": "Example Customer"}],
            "total": 1,
            "page": 1,
            "perPage": 50,
        },
        triggered={
            "success": True,
            "message": "Checks triggered successfully",
            number: monitor["id"],
            "locationCodes": ["de-nbg", "fi-hel"],
            "queueNames": [f"{queue}-de-nbg", f"{queue}-fi-hel"],
        },
        history={"data": [{**_CHECK, timing: 12}]},
        details=details(
            {**monitor, "config": masked, "customerName": "Example Customer"}, {**_CHECK, timing: 12}, number, timing
        ),
    )


_SMTP = {"secure": False, "ignoreTls": False, "requireTls": False, "auth": {"user": "username", "pass": "password"}}
_IMAP = {"protocol": "imap", "user": "monitor@example.com", "password": "password", "tls": True}

SMTP = _examples(
    {
        **_COMMON,
        "id": 200,
        "name": "Outbound SMTP",
        "hostname": "smtp.example.com",
        "port": 587,
        "checkInterval": 60,
        "checkIntervalSeconds": 3600,
    },
    _SMTP,
    {**_SMTP, "auth": {"user": "username", "pass": "********"}},
    names={"config": "smtpConfig", "id": "smtpMonitorId", "queue": "smtp-monitor-checks", "timing": "timingSmtp"},
    customer={"customerName": "Example Customer"},
)
IMAP_POP = _examples(
    {
        **_COMMON,
        "id": 500,
        "name": "Mailbox Access",
        "hostname": "mail.example.com",
        "port": 993,
        "checkInterval": 30,
        "checkIntervalSeconds": 1800,
    },
    _IMAP,
    {**_IMAP, "password": "********"},
    names={
        "config": "imapPopConfig",
        "id": "imapPopMonitorId",
        "queue": "imap-pop-monitor-checks",
        "timing": "timingImapPop",
    },
    customer={"customer": _CUSTOMER},
)
