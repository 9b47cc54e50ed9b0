"""A stopped mail server is one incident, sent once on each channel; started again it is resolved, also sent once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import pytest

from shared.wire.messages import EventType
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import CUSTOMER, ORGANIZATION, Incident, Watch, Watched
from tests.system.product import eventually
from tests.system.smtpd import MailServer

CONFIRMED_SECONDS = 60
"""At most an interval of 10 s until a round fails and another until the next confirms it; the rest is reserve."""

NOTIFIED_SECONDS = 30
REASON = "2 of 2 countries cannot connect: refused"


class Outage(NamedTuple):
    server: MailServer
    shop: Watch
    incident: Incident


@pytest.fixture(scope="module")
def outage(watched: Watched) -> Iterator[Outage]:
    """A mail server that passed from everywhere and was then stopped; all notifications have been sent."""
    with running_mail_server() as server:
        shop = watched.watch("shop", server.port)
        eventually(lambda: watched.verdict(shop) == "up", "the verdict is up")
        server.stop()
        [incident] = eventually(lambda: watched.incidents(shop), "an incident", CONFIRMED_SECONDS)
        for path in (shop.path, ORGANIZATION):
            eventually(partial(watched.webhook_events, "shop", at=path), f"webhook {path}", NOTIFIED_SECONDS)
        eventually(lambda: watched.mails(shop), "mail", NOTIFIED_SECONDS)
        yield Outage(server, shop, incident)


def test_a_stopped_server_is_one_incident_sent_once_on_each_channel(watched: Watched, outage: Outage) -> None:
    _, shop, incident = outage
    assert (incident["status"], incident["severity"], incident["resolved_at"]) == ("open", "downtime", None)
    assert incident["error_message"] == REASON
    found = watched.incident(incident)
    timeline = found["timeline"]
    assert timeline["outageStartedAt"] < timeline["confirmationAt"]
    assert timeline["outageStartedCheck"]["status"] == "failure"
    assert timeline["failedChecksTotal"] >= 4
    assert found["evidenceCheck"] is not None
    details = watched.product.api.get(f"/api/smtp-monitors/{shop.public_id}/details").json()
    assert [incident["publicId"] for incident in details["incidents"]] == [incident["publicId"]]

    [mail] = watched.mails(shop)
    assert mail.recipients == [shop.mailbox]
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "shop" in mail.message["Subject"]
    for kind in ("plain", "html"):
        assert REASON in mail.text(kind)
    [post] = watched.posts(shop)
    assert post.signed_with(shop.secret)
    assert (post.headers["x-webhook-event"], post.headers["x-webhook-attempt"]) == ("alert", "1")
    assert watched.webhook_events("shop", at=ORGANIZATION) == ["alert"]
    assert not [mail for mail in watched.mail.to(CUSTOMER) if "shop" in mail.message["Subject"]]
    assert [found["id"] for found in watched.incidents(shop)] == [incident["id"]]


def test_a_server_started_again_is_resolved_and_sent_once(watched: Watched, outage: Outage) -> None:
    server, shop, incident = outage
    server.start()
    eventually(lambda: watched.incidents(shop)[0]["resolved_at"], "resolved", CONFIRMED_SECONDS)
    [resolved] = watched.incidents(shop)
    assert (resolved["id"], resolved["status"]) == (incident["id"], "resolved")
    assert watched.verdict(shop) == "up"

    eventually(
        lambda: len(watched.mails(shop)) > 1 and len(watched.posts(shop)) > 1, "both are notified", NOTIFIED_SECONDS
    )
    first, second = watched.mails(shop)
    assert first.message["Message-ID"] in second.message["References"]
    assert second.message["Message-ID"] != first.message["Message-ID"]
    assert watched.webhook_events("shop", at=shop.path) == ["alert", "recovery"]
    assert watched.posts(shop)[1].signed_with(shop.secret)
    eventually(
        lambda: watched.webhook_events("shop", at=ORGANIZATION) == ["alert", "recovery"],
        "the organization",
        NOTIFIED_SECONDS,
    )

    def verdict_changes() -> list[tuple[str, str]]:
        return [(event.previous, event.verdict) for event in watched.events(shop, EventType.VERDICT)]

    def changes() -> list[str]:
        return [event.change for event in watched.events(shop, EventType.INCIDENT)]

    eventually(lambda: verdict_changes()[2:], "the event of the last verdict", NOTIFIED_SECONDS)
    assert verdict_changes() == [("unknown", "up"), ("up", "down"), ("down", "up")]
    eventually(lambda: changes()[1:], "the event of the end", NOTIFIED_SECONDS)
    assert changes() == ["opened", "resolved"]


def test_url_and_secret_of_a_webhook_are_not_in_the_log(watched: Watched, outage: Outage) -> None:
    """A library that sends may log the URL, and the URL of a chat service is its password."""
    assert watched.posts(outage.shop)
    logged = watched.product.output()
    assert "delivery_sent" in logged
    assert watched.hooks.address not in logged
    assert outage.shop.secret not in logged
