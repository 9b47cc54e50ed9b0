"""The examples of the OpenAPI document about notification channels."""

from __future__ import annotations

from typing import Any

CHANNEL: dict[str, Any] = {
    "id": 3,
    "organizationId": 1,
    "customerId": 10,
    "websiteId": None,
    "monitorId": None,
    "smtpMonitorId": None,
    "imapPopMonitorId": None,
    "type": "webhook",
    "category": "direct",
    "name": "On call",
    "config": {"url": "https://hooks.example.com/mail", "secret": None, "hasSecret": True},
    "hasSecret": True,
    "priority": 1,
    "delaySeconds": 0,
    "conditions": {"minIncidentDuration": 300},
    "isActive": True,
    "allowedPackageTypes": None,
    "forOps": False,
    "warnings": [],
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
TESTED: dict[str, Any] = {
    "success": True,
    "mode": "send",
    "message": "It answered 204 No Content",
    "validation": {"ok": True, "errors": [], "warnings": []},
    "request": {
        "url": "https://hooks.example.com/mail",
        "method": "POST",
        "timeoutSeconds": 10.0,
        "headers": {"Content-Type": "application/json", "X-Webhook-Event": "alert", "X-Webhook-Attempt": "1"},
        "bodyPreview": '{"event":"notice"}',
        "bodySize": 18,
    },
    "response": {
        "reachable": True,
        "ok": True,
        "statusCode": 204,
        "statusText": "No Content",
        "durationMs": 41,
        "headers": {"server": "nginx"},
        "bodyPreview": "",
        "bodySize": 0,
    },
}
