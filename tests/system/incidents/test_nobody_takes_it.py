"""Nobody takes an outage: it is told step by step, each step once although a controller dies in between, until somebody
takes it by the link of a mail. Whoever was told hears who took it, and of its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.fakes.smtp_sink import Mail
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import Watched
from tests.system.product import eventually

CONFIRMED_SECONDS = 60
TOLD_SECONDS = 150
"""A minute until the step, and the time in which another controller starts and takes deliveries over."""

SECOND = "second@sink.test"

_LOOKED_AT = "SELECT count(*) FROM incident WHERE monitor_id = $1 AND on_call_at > now()"
_NOTED = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id
WHERE monitor_id = $1 AND channel_name = 'first' AND state = 'sent'
"""
_LEFT_TO_SEND = """
SELECT count(*) FROM delivery JOIN incident ON incident.id = incident_id WHERE monitor_id = $1 AND state = 'waiting'
"""


def _webhook(watched: Watched, name: str) -> str:
    return _channel(watched, "webhook", name, {"url": f"{watched.hooks.address}/{name}", "secret": "s"})


def _channel(watched: Watched, kind: str, name: str, config: dict[str, Any]) -> str:
    """A channel that only a step uses: it is for no package that a customer has."""
    body = {"type": kind, "name": name, "config": config, "allowedPackageTypes": ["none"]}
    answer = watched.product.api.post("/api/notification-channels", json=body)
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = watched.product.api.get("/api/v1/channels").json()["items"]
    return next(str(one["id"]) for one in found if one["name"] == name)


@contextmanager
def _policy(watched: Watched, *steps: tuple[int, list[str]]) -> Iterator[None]:
    body = {
        "name": "At night",
        "steps": [{"afterMinutes": after, "channelIds": channels} for after, channels in steps],
    }
    made = watched.product.api.post("/api/v1/escalation-policies", json=body)
    assert made.status_code == 201, made.text
    try:
        yield
    finally:
        watched.product.api.delete(f"/api/v1/escalation-policies/{made.json()['id']}")


def test_each_step_is_told_once_until_somebody_takes_it_by_the_link_of_a_mail(watched: Watched) -> None:
    def told(name: str) -> list[str]:
        return watched.webhook_events("ward", at=f"/{name}")

    def second_mails() -> list[Mail]:
        """Those about this outage: the policy is for those that other tests left behind, too."""
        return [one for one in watched.mail.to(SECOND) if "ward" in str(one.message["Subject"])]

    def taken_by(path: str) -> list[str]:
        """Who took it, for how long, as each post to this path says that somebody did."""
        found = [post.json.get("acknowledgement") for post in watched.hooks.at(path) if b"ward" in post.body]
        return [f"{one['by']} {one['for']}" for one in found if one]

    first, third = _webhook(watched, "first"), _webhook(watched, "third")
    second = _channel(watched, "email", "second", {"to": SECOND})
    steps = ((0, [first]), (1, [second]), (5, [third]))
    with running_mail_server() as server, _policy(watched, *steps):
        ward = watched.watch("ward", server.port)
        eventually(lambda: watched.verdict(ward) == "up", "the verdict is up")
        server.stop()
        eventually(lambda: watched.incidents(ward), "an incident", CONFIRMED_SECONDS)
        eventually(lambda: told("first") == ["alert"], "the first step is told at once")

        # A controller that dies before it noted what was sent would send it again, under the same key.
        eventually(lambda: watched.query(_NOTED, ward.number) == 1, "that was noted")
        eventually(lambda: watched.query(_LEFT_TO_SEND, ward.number) == 0, "and what others were sent")
        with watched.controller_killed():
            assert second_mails() == []
        [mail] = eventually(second_mails, "the second step is told", TOLD_SECONDS)

        _take(mail)
        eventually(lambda: taken_by("/first") == [f"{SECOND} 30m"], "the first step hears who took it", TOLD_SECONDS)
        eventually(lambda: taken_by(ward.path) == [f"{SECOND} 30m"], "the monitor's webhook too", TOLD_SECONDS)
        words = f"Taken by {SECOND} for 30 min: ward"
        eventually(lambda: any(one.startswith(words) for one in _subjects(watched.mails(ward))), "and its mailbox")
        assert len(second_mails()) == 1

        watched.query(
            "UPDATE incident SET started_at = started_at - interval '1 hour', on_call_at = now() WHERE monitor_id = $1",
            ward.number,
        )
        eventually(lambda: watched.query(_LOOKED_AT, ward.number) == 1, "it was looked at after the acknowledgement")
        done = "SELECT count(*) FROM escalation_done JOIN incident USING (group_id) WHERE monitor_id = $1"
        assert watched.query(done, ward.number) == 2

        server.start()
        eventually(lambda: told("first") == ["alert", "alert", "recovery"], "the first hears of the end", TOLD_SECONDS)
        eventually(lambda: len(second_mails()) == 2, "the second too", TOLD_SECONDS)
        assert told("third") == []


def _subjects(mails: list[Mail]) -> list[str]:
    return [str(one.message["Subject"]) for one in mails]


def _take(mail: Mail) -> None:
    """Open the link of the mail in a browser that is not logged in, choose half an hour, and send the form."""
    [link] = re.findall(r"Take it: (\S+/ack/\S+)", mail.text())
    with httpx.Client(trust_env=False, timeout=30, headers={"Accept": "text/html"}) as browser:
        page = browser.get(link)
        assert page.status_code == 200, page.text
        assert "Nobody has it yet." in page.text
        sent = browser.post(link, data={"for": "30m", "comment": "On my way"}, follow_redirects=True)
        assert sent.status_code == 200, sent.text
        assert "You have it until" in sent.text
