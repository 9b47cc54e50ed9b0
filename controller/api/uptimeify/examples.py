"""The examples of the OpenAPI document, as the vendor's pages print them, with our own fields."""

from __future__ import annotations

from typing import Any

_PUBLIC_ID = "33333333-3333-4333-8333-333333333333"
_MASKED: dict[str, Any] = {
    "secure": False,
    "ignoreTls": False,
    "requireTls": False,
    "auth": {"user": "username", "pass": "********"},
}
_CLEAR = {**_MASKED, "auth": {"user": "username", "pass": "password"}}

_MONITOR = {
    "id": 200,
    "publicId": _PUBLIC_ID,
    "organizationId": 1,
    "customerId": 10,
    "name": "Outbound SMTP",
    "hostname": "smtp.example.com",
    "port": 587,
    "status": "active",
    "checkInterval": 60,
    "checkIntervalSeconds": 3600,
    "timeoutSeconds": 30,
    "allowedCheckCountryCodes": None,
    "notificationEmail": None,
    "notificationPhoneNumber": None,
    "lastCheckedAt": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}

WRITTEN = {**_MONITOR, "config": _CLEAR, "smtpConfig": _CLEAR}
READ = {**_MONITOR, "config": _MASKED, "smtpConfig": _MASKED, "customerName": "Example Customer"}
PAGE = {
    "items": [{**_MONITOR, "config": _MASKED, "customerName": "Example Customer"}],
    "total": 1,
    "page": 1,
    "perPage": 50,
}
TRIGGERED = {
    "success": True,
    "message": "Checks triggered successfully",
    "smtpMonitorId": 200,
    "locationCodes": ["de-nbg", "fi-hel"],
    "queueNames": ["smtp-monitor-checks-de-nbg", "smtp-monitor-checks-fi-hel"],
}
HISTORY: dict[str, Any] = {
    "data": [
        {
            "id": "8c3f1f3e-3a55-5c63-9d3f-6a2f0a7f3b52",
            "status": "failure",
            "errorMessage": "connection refused",
            "warningMessage": None,
            "timingSmtp": 12,
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
        }
    ]
}
