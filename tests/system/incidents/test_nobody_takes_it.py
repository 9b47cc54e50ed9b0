"""Nobody takes an outage: it is told step by step, each step once although a controller dies in between, until somebody
acknowledges it. Whoever was told hears of its end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.system.conftest import running_mail_server
from tests.system.drills.drill import ready
from tests.system.incidents.watched import Watched
from tests.system.product import eventually

CONFIRMED_SECONDS = 60
TOLD_SECONDS = 150
"""A minute until the step, and the time in which another controller starts and takes deliveries over."""

_LOOKED_AT = "SELECT count(*) FROM incident WHERE monitor_id = $1 AND on_call_at > now()"


_NOTED = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id
WHERE monitor_id = $1 AND channel_name = 'first' AND state = 'sent'
"""


def _channel(watched: Watched, name: str) -> str:
    """A webhook that only a step uses: it is for no package that a customer has."""
    body = {
        "type": "webhook",
        "name": name,
        "config": {"url": f"{watched.hooks.address}/{name}", "secret": "s"},
        "allowedPackageTypes": ["none"],
    }
    answer = watched.product.api.post("/api/notification-channels", json=body)
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = watched.product.api.get("/api/v1/channels").json()["items"]
    return next(str(one["id"]) for one in found if one["name"] == name)


@contextmanager
def _policy(watched: Watched, *steps: tuple[int, str]) -> Iterator[None]:
    body = {
        "name": "At night",
        "steps": [{"afterMinutes": after, "channelIds": [_channel(watched, name)]} for after, name in steps],
    }
    made = watched.product.api.post("/api/v1/escalation-policies", json=body)
    assert made.status_code == 201, made.text
    try:
        yield
    finally:
        watched.product.api.delete(f"/api/v1/escalation-policies/{made.json()['id']}")


def test_each_step_is_told_once_until_somebody_acknowledges(watched: Watched) -> None:
    def told(name: str) -> list[str]:
        return watched.webhook_events("ward", at=f"/{name}")

    with running_mail_server() as server, _policy(watched, (0, "first"), (1, "second"), (5, "third")):
        ward = watched.watch("ward", server.port)
        eventually(lambda: watched.verdict(ward) == "up", "the verdict is up")
        server.stop()
        [incident] = eventually(lambda: watched.incidents(ward), "an incident", CONFIRMED_SECONDS)
        eventually(lambda: told("first") == ["alert"], "the first step is told at once")

        # A controller that dies before it noted what was sent would send it again, under the same key.
        eventually(lambda: watched.query(_NOTED, ward.number) == 1, "that was noted")
        killed = watched.product.record["pids"]["controller"]
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: watched.product.record["pids"]["controller"] != killed, "another controller")
        eventually(lambda: ready(str(watched.product.api.base_url)), "it is ready")
        eventually(lambda: told("second") == ["alert"], "the second step is told", TOLD_SECONDS)

        taken = watched.product.api.post(f"/api/v1/incidents/{incident['publicId']}/acknowledge", json={})
        assert taken.is_success, taken.text
        watched.query(
            "UPDATE incident SET started_at = started_at - interval '1 hour', on_call_at = now() WHERE monitor_id = $1",
            ward.number,
        )
        eventually(lambda: watched.query(_LOOKED_AT, ward.number) == 1, "it was looked at after the acknowledgement")
        steps = "SELECT count(*) FROM escalation_done JOIN incident USING (group_id) WHERE monitor_id = $1"
        assert watched.query(steps, ward.number) == 2

        server.start()
        for name in ("first", "second"):
            eventually(lambda: told(name) == ["alert", "recovery"], f"{name} hears of the end", TOLD_SECONDS)  # noqa: B023
        assert told("third") == []
