"""A real outage inside a maintenance window is sent once, at its end; what was sent before is resolved inside, too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import Watch, Watched
from tests.system.product import eventually
from tests.system.smtpd import MailServer

CONFIRMED_SECONDS = 60
"""At most an interval of 10 s until a round fails and another until the next confirms it; the rest is reserve."""

TOLD_SECONDS = 60
"""At the end of a window everything is checked once more, which takes as long as a check; the rest is reserve."""


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def planned(watched: Watched, server: MailServer) -> Watch:
    made = watched.watch("planned", server.port)
    eventually(lambda: watched.verdict(made) == "up", "the verdict is up")
    return made


def _window(watched: Watched, watch: Watch, seconds: int) -> tuple[str, datetime]:
    """A window for the monitor from now on; returns its id and its end."""
    start = utc_now().replace(microsecond=0)
    end = start + timedelta(seconds=seconds)
    body: dict[str, Any] = {
        "name": "Upgrade of the mail server",
        "timeZone": "UTC",
        "start": f"{start:%Y-%m-%dT%H:%M:%S}",
        "end": f"{end:%Y-%m-%dT%H:%M:%S}",
        "targets": {"monitors": [watch.public_id]},
        "effect": "silence",
    }
    answer = watched.product.api.post("/api/v1/maintenance-windows", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], end


def test_an_outage_inside_is_sent_once_at_the_end(watched: Watched, planned: Watch, server: MailServer) -> None:
    _, end = _window(watched, planned, 60)
    server.stop()
    [incident] = eventually(lambda: watched.incidents(planned), "an incident", CONFIRMED_SECONDS)
    while utc_now() < end - timedelta(seconds=1):
        assert watched.nobody_notified(planned)
        time.sleep(0.5)
    eventually(lambda: watched.mails(planned) and watched.posts(planned), "both are notified", TOLD_SECONDS)
    [mail], [post] = watched.mails(planned), watched.posts(planned)
    assert post.headers["x-webhook-event"] == "alert"
    for kind in ("plain", "html"):
        assert f"in maintenance until {end:%H:%M}" in mail.text(kind)
    assert watched.incidents(planned)[0]["id"] == incident["id"]
    later = eventually(
        lambda: watched.query(
            "SELECT max(due_at) FROM result WHERE monitor_id = $1 AND due_at >= $2", planned.number, end
        ),
        "a check after the end",
    )
    assert later >= end
    time.sleep(15)  # another round says the same, and is not sent again
    assert (len(watched.mails(planned)), len(watched.posts(planned))) == (1, 1)


def test_a_recovery_inside_of_what_was_sent_before_is_sent(
    watched: Watched, planned: Watch, server: MailServer
) -> None:
    window, _ = _window(watched, planned, 600)
    server.start()
    eventually(lambda: watched.incidents(planned)[0]["resolved_at"], "resolved", CONFIRMED_SECONDS)
    eventually(lambda: len(watched.mails(planned)) == 2 and len(watched.posts(planned)) == 2, "both are notified")
    assert watched.webhook_events("planned", at=planned.path) == ["alert", "recovery"]
    assert watched.product.api.post(f"/api/v1/maintenance-windows/{window}/end").status_code == 200


def test_what_began_and_ended_inside_is_never_sent(watched: Watched, planned: Watch, server: MailServer) -> None:
    before = len(watched.mails(planned)), len(watched.posts(planned))
    window, _ = _window(watched, planned, 600)
    server.stop()
    eventually(lambda: len(watched.incidents(planned)) == 2, "a second incident", CONFIRMED_SECONDS)
    server.start()
    eventually(
        lambda: all(one["resolved_at"] for one in watched.incidents(planned)),
        "the second is resolved",
        CONFIRMED_SECONDS,
    )
    assert watched.product.api.post(f"/api/v1/maintenance-windows/{window}/end").status_code == 200
    time.sleep(15)
    assert (len(watched.mails(planned)), len(watched.posts(planned))) == before
