"""A controller that dies after it confirmed an outage and before anybody heard of it: the next one tells, once."""

from __future__ import annotations

import os
import signal

import pytest

from shared.wire.messages import EventType
from tests.system.conftest import running_mail_server
from tests.system.drill import ready
from tests.system.incidents.watched import ORGANIZATION, Watched
from tests.system.product import eventually

pytestmark = pytest.mark.timeout(300)

CONFIRMED_SECONDS = 60
TAKEN_OVER_SECONDS = 150
"""A second until it is started again, and what it takes until a delivery that was under way is taken up."""

_CLAIMED = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id
WHERE monitor_id = $1 AND claimed_until > now()
"""


def test_a_confirmed_outage_is_told_once_by_the_controller_that_follows(watched: Watched) -> None:
    with running_mail_server() as server:
        bank = watched.watch("bank", server.port)
        eventually(lambda: watched.verdict(bank) == "up", "the verdict is up")
        watched.mail.hold()
        watched.hooks.hold()
        try:
            server.stop()
            asked = watched.mail.greeted, watched.hooks.asked
            # Another incident may be told in the same moments: of this one, three are to be told.
            eventually(
                lambda: (
                    watched.mail.greeted > asked[0]
                    and watched.hooks.asked > asked[1] + 1
                    and watched.asked(_CLAIMED, bank.number) == 3
                ),
                "mail and webhooks are under way",
                CONFIRMED_SECONDS,
            )
            [incident] = watched.incidents(bank)
            killed = watched.product.record["pids"]["controller"]
            os.kill(killed, signal.SIGKILL)
            eventually(lambda: watched.product.record["pids"]["controller"] != killed, "another controller")
        finally:
            watched.mail.release()
            watched.hooks.release()
        assert watched.untold(bank)
        eventually(lambda: ready(str(watched.product.api.base_url)), "it is ready")

        def told() -> bool:
            return all([watched.mails(bank), watched.posts(bank), watched.heard("bank", at=ORGANIZATION)])

        eventually(told, "everybody is told", TAKEN_OVER_SECONDS)
        assert [found["id"] for found in watched.incidents(bank)] == [incident["id"]]
        [mail] = watched.mails(bank)
        assert incident["error_message"] in mail.text()
        assert watched.heard("bank", at=bank.path) == ["alert"]
        assert watched.heard("bank", at=ORGANIZATION) == ["alert"]
        assert [event.change for event in watched.events(bank, EventType.INCIDENT)] == ["opened"]
