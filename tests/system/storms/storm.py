"""Many monitors of a product go down at once: what each of two receivers gets, a mailbox and a webhook."""

from __future__ import annotations

from pathlib import Path

from tests.system.incidents.watched import CUSTOMER, ORGANIZATION, Watched
from tests.system.product import eventually

SECONDS = 240
GROUP_SECONDS = 75
"""Enough to kill the controller before the second message, and for all monitors to fail, whatever else this machine
does.
"""

_GROUPING = "UPDATE organization SET grouping = json_build_object('groupSeconds', $1::int, 'groupUpdateSeconds', 120)"
_UP = "SELECT count(*) FROM monitor_state WHERE verdict = 'up'"
_OPEN = "SELECT count(*) FROM incident WHERE resolved_at IS NULL"
_WAITING = """
SELECT (SELECT count(*) FROM grouped_change WHERE delivery_id IS NULL AND dropped IS NULL)
  + (SELECT count(*) FROM delivery WHERE state = 'waiting')
"""
_TO_SEND = "SELECT count(*) FROM delivery WHERE state = 'waiting'"
_SENT = """
SELECT count(DISTINCT receiver_key(delivery.type, receiver, channel_id)) FROM delivery
JOIN incident ON incident.id = incident_id JOIN incident_group AS own ON own.id = incident.group_id
WHERE state = 'sent' AND own.kind = $1 AND ($1 = 'cause' OR delivery.group_id = own.id)
"""
_RECEIVERS = "SELECT count(DISTINCT receiver_key) FROM grouped_change"
_NOT_ONCE = """
SELECT count(*) FROM incident CROSS JOIN (SELECT DISTINCT receiver_key FROM grouped_change) AS one
WHERE (
  SELECT count(*) FROM grouped_change AS change JOIN delivery ON delivery.id = delivery_id AND state = 'sent'
  WHERE change.incident_id = incident.id AND change.receiver_key = one.receiver_key AND change.kind = $1
) <> 1
"""


class Storm(Watched):
    """A product that is only in the countries at home, with `GROUP_SECONDS` until the second message of a cause."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, None)

    def begin(self, monitors: int) -> None:
        """Return when so many monitors are up."""
        self.query(_GROUPING, GROUP_SECONDS)
        eventually(lambda: self.query(_UP) == monitors, "all are up", SECONDS)

    def messages(self) -> list[int]:
        """How many each receiver got."""
        return [len(self.mail.to(CUSTOMER)), len(self.hooks.at(ORGANIZATION))]

    def first_of(self, kind: str) -> None:
        """Return when the first message of a group of this kind, cause or storm, was sent to each receiver, and that
        was noted: a controller that dies before it noted what it sent sends it again, under the same key.
        """
        eventually(lambda: self.query(_SENT, kind) == 2 and self.query(_TO_SEND) == 0, "both know of it", SECONDS)

    def all_told(self, open_incidents: int) -> list[int]:
        """Return how many messages each receiver got as soon as so many incidents are open and nothing waits to be
        told; each knows of each incident once.
        """
        eventually(lambda: self.query(_OPEN) == open_incidents, f"{open_incidents} incidents are open", SECONDS)
        eventually(lambda: self.query(_WAITING) == 0, "all is told", SECONDS)
        assert self.query(_RECEIVERS) == 2
        assert self.query(_NOT_ONCE, "opened") == 0
        if not open_incidents:
            assert self.query(_NOT_ONCE, "resolved") == 0
        return self.messages()
