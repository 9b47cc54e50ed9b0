"""Monitors of several kinds, states and customers for lists and changes of many."""

from __future__ import annotations

from typing import Any

from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api

PATH = "/api/v1/monitors"

HERD: dict[str, dict[str, Any]] = {
    "alpha": {"checkIntervalSeconds": 300},
    "Beta": {"hostname": "mx.beta.example", "checkIntervalSeconds": 60},
    "gamma": {"customerId": OTHER_CUSTOMER, "checkIntervalSeconds": 60},
    "delta": {"status": "maintenance", "checkIntervalSeconds": 900},
    "epsilon": {"status": "disabled", "checkIntervalSeconds": 60},
}
"""Monitors of SMTP by their names; zeta is one of IMAP."""
LABELS = {
    "alpha": {"team": "post", "critical": ""},
    "Beta": {"team": "post", "url": "https://example.com:1"},
    "gamma": {"team": "web"},
}
PROJECTS = {"alpha": "shop", "zeta": "shop"}
VERDICTS = {"alpha": "up", "Beta": "down", "gamma": "degraded", "delta": "down"}


async def make_herd(api: Api) -> dict[str, str]:
    """Create the monitors; their ids by name."""
    ids: dict[str, str] = {}
    for name, fields in HERD.items():
        ids[name] = (await api.create(**{"name": name, "timeoutSeconds": 20, **fields}))["publicId"]
    body = {"customerId": CUSTOMER, "name": "zeta", "hostname": "imap.example.com", "imapPopConfig": {}}
    answer = await api.client.post("/api/imap-pop-monitors", json={**body, "checkIntervalSeconds": 1800})
    ids["zeta"] = answer.json()["publicId"]
    for name, labels in LABELS.items():
        await api.value("UPDATE monitor SET labels = $2 WHERE public_id = $1::uuid", ids[name], labels)
    for name, project in PROJECTS.items():
        await api.value(
            "UPDATE monitor SET project = $2, external_key = $3 WHERE public_id = $1::uuid", ids[name], project, name
        )
    for name, verdict in VERDICTS.items():
        await api.value(
            "INSERT INTO monitor_state (monitor_id, state, verdict, stable)"
            " SELECT id, jsonb_build_object('verdict', $2::text, 'takenMs', 1)::json, $2, true FROM monitor"
            " WHERE public_id = $1::uuid",
            ids[name],
            verdict,
        )
    return ids


async def checked_from(api: Api, monitor: str, code: str, country: str) -> None:
    """Let the monitor have been checked once from a new location."""
    await api.value(
        "WITH here AS ("
        "  INSERT INTO location (code, name, country_code, public_key) VALUES ($2, $2, $3, 'k') RETURNING id"
        ")"
        " INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms, checked_at)"
        " SELECT monitor.id, here.id, now(), 'success', 1, now() FROM monitor, here WHERE public_id = $1::uuid",
        monitor,
        code,
        country,
    )
