"""The examples of a group of monitors in the OpenAPI document, as the vendor's pages print them, and our own fields."""

from __future__ import annotations

from typing import Any, NamedTuple

from controller.api.compat.uptimeify.details.examples import details
from controller.api.compat.uptimeify.monitors.fields import EXAMPLE
from controller.vault import mask

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


class MonitorExample(NamedTuple):
    """The monitor of the examples; `id` is its number."""

    id: int
    name: str
    hostname: str
    port: int | None
    interval_seconds: int
    config: dict[str, Any]


class GroupNames(NamedTuple):
    """The names that a group of routes has for itself: of its config, of a monitor's number outside the monitor, of the
    queues of its checks, and of the total in a check.
    """

    config: str
    number: str
    queue: str
    timing: str


class Examples(NamedTuple):
    """The answers of one group of routes."""

    written: dict[str, Any]
    read: dict[str, Any]
    page: dict[str, Any]
    triggered: dict[str, Any]
    history: dict[str, Any]
    details: dict[str, Any]


def body_example(example: MonitorExample, config_field: str) -> dict[str, Any]:
    """A body that creates this monitor."""
    hostname = {"hostname": example.hostname, "port": example.port} if example.hostname else {}
    config = {config_field: example.config} if example.config else {}
    return {
        "customerId": _CUSTOMER["publicId"],
        "name": example.name,
        **hostname,
        **config,
        "checkIntervalSeconds": example.interval_seconds,
        "timeoutSeconds": 30,
        "allowedCheckCountryCodes": ["DE", "US"],
        "notificationEmail": "ops@example.com",
    }


def examples_of(example: MonitorExample, names: GroupNames, *, embeds_customer: bool) -> Examples:
    config, masked = example.config, mask(example.config)
    check = {**_CHECK, names.timing: 12}
    monitor = {
        **_COMMON,
        "id": example.id,
        "name": example.name,
        "hostname": example.hostname,
        "port": example.port,
        "checkInterval": example.interval_seconds // 60,
        "checkIntervalSeconds": example.interval_seconds,
    }
    listed = {**monitor, "config": masked, "customerName": "Example Customer"}
    customer = {"customer": _CUSTOMER} if embeds_customer else {"customerName": "Example Customer"}
    return Examples(
        written={**monitor, "config": config, names.config: config, "warnings": []},
        read={**monitor, "config": masked, names.config: masked, "warnings": [], **customer},
        page={"items": [listed], "total": 1, "page": 1, "perPage": 50},
        triggered={
            "success": True,
            "message": "Checks triggered successfully",
            names.number: example.id,
            "locationCodes": ["de-nbg", "fi-hel"],
            "queueNames": [f"{names.queue}-de-nbg", f"{names.queue}-fi-hel"],
        },
        history={"data": [check]},
        details=details(listed, check, names.number, names.timing),
    )
