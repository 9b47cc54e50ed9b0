"""An outage in a channel's quiet hours is held, and sent in one digest at their end, though a controller dies."""

from __future__ import annotations

import time
from datetime import timedelta

from shared.clock import utc_now
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import Watched
from tests.system.product import eventually

CONFIRMED_SECONDS = 60
TAKEN_OVER_SECONDS = 150
NIGHT = "night@sink.test"

_STATE = "SELECT state FROM delivery WHERE receiver = $1 AND incident_id IS NOT NULL"
_SENDING = """
SELECT count(*) FROM delivery WHERE receiver = $1 AND incident_id IS NULL AND claimed_until > now()
"""
_DIGESTS = "SELECT count(*) FROM delivery WHERE receiver = $1 AND incident_id IS NULL"


def test_an_outage_is_held_and_sent_in_one_digest(watched: Watched) -> None:
    now = utc_now()
    window = {
        "days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"],
        "from": f"{now - timedelta(hours=1):%H:%M}",
        "to": f"{now + timedelta(hours=12):%H:%M}",
    }
    quiet = {"timeZone": "UTC", "windows": [window], "severities": ["down", "partial"]}
    with running_mail_server() as server:
        harbour = watched.watch("harbour", server.port)
        eventually(lambda: watched.verdict(harbour) == "up", "the verdict is up")
        body = {
            "name": "Night",
            "config": {"type": "email", "to": [NIGHT]},
            "monitorId": harbour.public_id,
            "quietHours": quiet,
        }
        made = watched.product.api.post("/api/v1/channels", json=body)
        assert made.status_code == 201, made.text
        path = f"/api/v1/channels/{made.json()['id']}"

        server.stop()
        eventually(lambda: watched.incidents(harbour), "an incident", CONFIRMED_SECONDS)
        eventually(lambda: watched.query(_STATE, NIGHT) == "held", "it is held")
        eventually(lambda: watched.mails(harbour), "another receiver is notified at once")
        assert watched.mail.to(NIGHT) == []

        watched.mail.hold()
        try:
            ended = watched.product.api.patch(path, json={"quietHours": None})
            assert ended.status_code == 200, ended.text
            eventually(lambda: watched.query(_SENDING, NIGHT) == 1, "the digest is being sent")
            with watched.controller_killed():
                assert watched.mail.to(NIGHT) == []
        finally:
            watched.mail.release()
        eventually(lambda: watched.mail.to(NIGHT), "the digest has arrived", TAKEN_OVER_SECONDS)
        time.sleep(5)
        [digest] = watched.mail.to(NIGHT)
        assert digest.message["Subject"] == "Quiet hours: 1 outage lasts"
        assert "harbour" in digest.text("plain")
        assert watched.query(_STATE, NIGHT) == "digested"
        assert watched.query(_DIGESTS, NIGHT) == 1

        server.start()
        eventually(lambda: len(watched.mail.to(NIGHT)) == 2, "its end is sent", CONFIRMED_SECONDS)
        assert str(watched.mail.to(NIGHT)[1].message["Subject"]).startswith("Up again: harbour – after ")
