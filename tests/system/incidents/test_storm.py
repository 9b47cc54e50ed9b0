"""A mail server with many monitors goes down, and the controller dies between the first message and the next: each
receiver hears of every outage and of its end once, by few messages.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.fakes.folders import data_folder
from tests.system import monitors
from tests.system.conftest import running_mail_server
from tests.system.drills.drill import ready
from tests.system.incidents.watched import CUSTOMER, ORGANIZATION, Watched
from tests.system.product import eventually

MONITORS = 60
GROUP_SECONDS = 20
"""Enough to kill the controller before the second message, whatever else this machine does."""
SECONDS = 180
MOST_MESSAGES = 3

_GROUPING = "UPDATE organization SET grouping = json_build_object('groupSeconds', $1::int, 'groupUpdateSeconds', 60)"
_UP = "SELECT count(*) FROM monitor_state WHERE verdict = 'up'"
_SENT = "SELECT count(*) FROM delivery WHERE state = 'sent' AND incident_id IS NOT NULL"
_OPEN = "SELECT count(*) FROM incident WHERE resolved_at IS NULL"
_WAITING = """
SELECT (SELECT count(*) FROM grouped_change WHERE delivery_id IS NULL AND dropped IS NULL)
  + (SELECT count(*) FROM delivery WHERE state = 'waiting')
"""
_RECEIVERS = "SELECT count(DISTINCT receiver_key) FROM grouped_change"
_NOT_ONCE = """
SELECT count(*) FROM incident CROSS JOIN (SELECT DISTINCT receiver_key FROM grouped_change) AS one
WHERE (
  SELECT count(*) FROM grouped_change AS change JOIN delivery ON delivery.id = delivery_id AND state = 'sent'
  WHERE change.incident_id = incident.id AND change.receiver_key = one.receiver_key AND change.kind = $1
) <> 1
"""


@pytest.fixture
def alone() -> Iterator[Watched]:
    """A product that has no other incidents."""
    with data_folder() as folder, Watched(folder, None) as running:
        yield running
        assert running.sent_twice() == []


def test_a_storm_is_told_in_few_messages_although_a_controller_dies(alone: Watched) -> None:
    def messages() -> list[int]:
        return [len(alone.mail.to(CUSTOMER)), len(alone.hooks.at(ORGANIZATION))]

    alone.query(_GROUPING, GROUP_SECONDS)
    with running_mail_server() as server:
        for number in range(MONITORS):
            monitors.create(alone.product, server.port, name=f"mail {number}", smtpConfig={"ignoreTls": True})
        eventually(lambda: alone.query(_UP) == MONITORS, "all are up", SECONDS)
        server.stop()
        eventually(lambda: alone.query(_SENT) == 2, "both receivers heard of the first", SECONDS)
        killed = alone.product.record["pids"]["controller"]
        os.kill(killed, signal.SIGKILL)
        assert messages() == [1, 1]
        eventually(lambda: alone.product.record["pids"]["controller"] != killed, "another controller")
        eventually(lambda: ready(str(alone.product.api.base_url)), "it is ready")

        eventually(lambda: alone.query(_OPEN) == MONITORS, "all are down", SECONDS)
        eventually(lambda: alone.query(_WAITING) == 0, "all outages are told", SECONDS)
        assert alone.query(_RECEIVERS) == 2
        assert alone.query(_NOT_ONCE, "opened") == 0
        until_recovery = messages()
        assert all(2 <= number <= MOST_MESSAGES for number in until_recovery), until_recovery

        server.start()
        eventually(lambda: alone.query(_OPEN) == 0, "all are over", SECONDS)
        eventually(lambda: alone.query(_WAITING) == 0, "all ends are told", SECONDS)
    assert messages() == [number + 1 for number in until_recovery]
    assert alone.query(_NOT_ONCE, "resolved") == 0
    assert alone.query(_NOT_ONCE, "opened") == 0
