"""A controller dies after it confirmed an outage and before it sent a notification: the next one sends each once."""

from __future__ import annotations

import os
import signal

from shared.wire.messages import EventType
from tests.system.conftest import running_mail_server
from tests.system.drills.drill import ready
from tests.system.incidents.watched import ORGANIZATION, Watched
from tests.system.product import eventually

CONFIRMED_SECONDS = 60
TAKEN_OVER_SECONDS = 150
"""A second until it is started again, and the time until a claimed delivery is taken over."""

_CLAIMED = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id
WHERE monitor_id = $1 AND claimed_until > now()
"""


def test_a_confirmed_outage_is_sent_once_by_the_controller_that_follows(watched: Watched) -> None:
    with running_mail_server() as server:
        bank = watched.watch("bank", server.port)
        eventually(lambda: watched.verdict(bank) == "up", "the verdict is up")
        watched.mail.hold()
        watched.hooks.hold()
        try:
            server.stop()
            before = watched.mail.begun, watched.hooks.requests
            # Another incident may be sent at the same time; this one has three deliveries.
            eventually(
                lambda: (
                    watched.mail.begun > before[0]
                    and watched.hooks.requests > before[1] + 1
                    and watched.query(_CLAIMED, bank.number) == 3
                ),
                "mail and webhooks are being sent",
                CONFIRMED_SECONDS,
            )
            [incident] = watched.incidents(bank)
            killed = watched.product.record["pids"]["controller"]
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: watched.product.record["pids"]["controller"] != killed, "another controller")
        finally:
            watched.mail.release()
            watched.hooks.release()
        assert watched.nobody_notified(bank)
        eventually(lambda: ready(str(watched.product.api.base_url)), "it is ready")

        def everybody_notified() -> bool:
            return all([watched.mails(bank), watched.posts(bank), watched.webhook_events("bank", at=ORGANIZATION)])

        eventually(everybody_notified, "everybody is notified", TAKEN_OVER_SECONDS)
        assert [found["id"] for found in watched.incidents(bank)] == [incident["id"]]
        [mail] = watched.mails(bank)
        assert incident["error_message"] in mail.text()
        assert watched.webhook_events("bank", at=bank.path) == ["alert"]
        assert watched.webhook_events("bank", at=ORGANIZATION) == ["alert"]
        assert [event.change for event in watched.events(bank, EventType.INCIDENT)] == ["opened"]
