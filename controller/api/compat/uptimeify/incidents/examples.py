"""The examples of incidents in the OpenAPI document: an outage of two minutes, checked from three countries."""

from __future__ import annotations

from typing import Any

_PUBLIC_ID = "66666666-6666-4666-8666-666666666666"
_REASON = "2 of 3 countries cannot connect: refused; US passes"
_FAILURE = {"kind": "refused", "source": "target", "phase": "connect", "detail": "Connection refused"}
_CHECK_ID = "8c3f1f3e-3a55-5c63-9d3f-6a2f0a7f3b52"
_MONITOR = {
    "id": 200,
    "publicId": "33333333-3333-4333-8333-333333333333",
    "name": "Outbound SMTP",
    "url": "smtp://smtp.example.com:587",
    "status": "active",
}
_CUSTOMER = {
    "id": 10,
    "publicId": "11111111-1111-4111-8111-111111111111",
    "email": "ops@example.com",
    "company": "Example Customer",
}
_NUMBERS = {"id": 123, "publicId": _PUBLIC_ID, "websiteId": None, "smtpMonitorId": 200, "imapPopMonitorId": None}
_EVIDENCE = {
    "dueAt": "2026-02-26T12:10:00.000Z",
    "purpose": "recheck",
    "votes": [
        {
            "location": "de-nbg",
            "country": "DE",
            "ballot": "failed",
            "checkId": _CHECK_ID,
            "failure": _FAILURE,
            "told": "",
        },
    ],
}
_LOCATION = {"id": 1, "code": "de-nbg", "name": "Nuremberg (DE)", "countryCode": "DE"}
_CHECK = {
    "id": _CHECK_ID,
    "checkedAt": "2026-02-26T12:09:50.031Z",
    "status": "failure",
    "statusCode": None,
    "errorMessage": "Connection refused",
    "responseTimeMs": 31,
    "location": _LOCATION,
    "failure": _FAILURE,
    "scheduledAt": "2026-02-26T12:09:50.000Z",
    "purpose": "scheduled",
}
_OPENED = {
    "id": 1,
    "kind": "opened",
    "verdict": "down",
    "reason": _REASON,
    "evidence": _EVIDENCE,
    "doneBy": None,
    "at": "2026-02-26T12:10:00.050Z",
}

LISTED: dict[str, Any] = {
    **_NUMBERS,
    "status": "open",
    "severity": "downtime",
    "verdict": "down",
    "flapping": False,
    "outageStartedAt": "2026-02-26T12:09:50.000Z",
    "started_at": "2026-02-26T12:10:00.050Z",
    "resolved_at": None,
    "acknowledgedAt": None,
    "last_notified_at": "2026-02-26T12:10:01.000Z",
    "error_message": _REASON,
    "status_code": None,
    "response_time_ms": None,
    "website": _MONITOR,
    "customer": _CUSTOMER,
}
DETAIL: dict[str, Any] = {
    "incident": {
        **_NUMBERS,
        "type": "downtime",
        "status": "open",
        "verdict": "down",
        "flapping": False,
        "startedAt": "2026-02-26T12:10:00.050Z",
        "resolvedAt": None,
        "acknowledgedAt": None,
        "lastNotifiedAt": "2026-02-26T12:10:01.000Z",
        "statusCode": None,
        "errorMessage": _REASON,
        "responseTimeMs": None,
        "evidence": _EVIDENCE,
        "monitor": _MONITOR,
        "customer": _CUSTOMER,
    },
    "timeline": {
        "outageStartedAt": "2026-02-26T12:09:50.000Z",
        "outageStartedCheck": _CHECK,
        "confirmationAt": "2026-02-26T12:10:00.050Z",
        "failedChecks": [_CHECK],
        "failedChecksTotal": 1,
        "alertEvents": [
            {
                "id": 987,
                "incidentId": 123,
                "type": "slack",
                "status": "sent",
                "channelName": "Ops Slack",
                "sentAt": "2026-02-26T12:10:01.000Z",
                "errorMessage": None,
            }
        ],
        "recoveryChecks": [],
        "recoveryChecksTotal": 0,
        "changes": [_OPENED],
    },
    "evidenceCheck": {
        "id": _CHECK_ID,
        "checkedAt": "2026-02-26T12:09:50.031Z",
        "diagnostics": {"address": "192.0.2.25"},
        "hasScreenshot": False,
        "screenshotUrl": None,
        "failure": _FAILURE,
        "timings": {"resolve": 4.1, "connect": 26.6},
        "location": _LOCATION,
        "transcript": [{"atMs": 30.7, "speaker": "note", "text": "192.0.2.25: connection refused"}],
    },
}
