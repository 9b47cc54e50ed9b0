"""The example of a monitor's details in the OpenAPI document."""

from __future__ import annotations

from typing import Any

_UNTIL = "2026-01-01T12:00:00.000Z"


def details(monitor: dict[str, Any], check: dict[str, Any], number: str, timing: str) -> dict[str, Any]:
    """The details of this monitor, which has this one check."""
    figure = {"to": _UNTIL, "checks": 1, "failures": 1, "blind": 0, "locations": 1}
    return {
        number: monitor["id"],
        "monitor": monitor,
        "latestCheck": {name: check[name] for name in ("status", "checkedAt", timing, "locationCode", "locationName")},
        "uptimeStats": {
            "day": 0.0,
            "month": 0.0,
            "year": 0.0,
            "dayAvgResponse": None,
            "monthAvgResponse": None,
            "yearAvgResponse": None,
        },
        "uptimeStatsMeta": {
            "day": {"from": "2025-12-31T12:00:00.000Z", **figure},
            "month": {"from": "2025-12-03T00:00:00.000Z", **figure},
            "year": {"from": "2025-01-02T00:00:00.000Z", **figure},
        },
        "monitoringData": [
            {
                "bucketStart": _UNTIL,
                "bucketSeconds": 300,
                "checks": 1,
                "failures": 1,
                "blind": 0,
                "warnings": 0,
                "avgMs": None,
                "p50Ms": None,
                "p95Ms": None,
                "maxMs": None,
                "byLocation": {"de-nbg": {"checks": 1, "failures": 1, "blind": 0, "avgMs": None}},
            }
        ],
        "monitoringDataMeta": {
            "from": "2025-12-31T12:00:00.000Z",
            "to": "2026-01-01T12:01:00.000Z",
            "bucketSeconds": 300,
            "truncated": False,
        },
        "incidents": [],
        "alerts": [],
        "testResultLog": [check],
        "maintenance": {"inMaintenance": False, "activeWindows": [], "allWindows": []},
        "verdict": {"verdict": "up", "reason": "3 of 3 countries pass", "since": "2025-12-31T12:00:00.000Z"},
    }
