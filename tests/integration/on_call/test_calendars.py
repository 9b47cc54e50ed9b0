"""Calendars of rotas: read from where webhooks may be sent, kept while they cannot be read, and then warned of once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.pipeline.on_call.calendars import Calendars
from controller.store.on_call import rotas
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, subjects

NOC = "noc@example.com"
SHIFT = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//T//T//EN
BEGIN:VEVENT
UID:1
SUMMARY:ann@example.com
DTSTART:20270310T080000Z
DTEND:20270310T180000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Lunch
STATUS:CANCELLED
DTSTART:20270310T080000Z
DTEND:20270310T180000Z
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def web(hook: WebhookSink) -> WebhookSink:
    hook.body = SHIFT
    return hook


async def _rota(case: NotificationCase, url: str) -> int:
    async with case.db.connection() as connection:
        public_id = await rotas.insert(
            connection, case.organization, "First line", case.vault.encrypt(url), "127.0.0.1"
        )
    number: int = await case.value("SELECT id FROM rota WHERE public_id = $1", public_id)
    return number


async def _read(case: NotificationCase) -> tuple[list[str], str | None]:
    """Read it now; what is known of it then."""
    await case.value("UPDATE rota SET fetch_at = now() - interval '1 second'")
    await Calendars(case.db, case.vault, case.senders.webhook).read_due()
    [(events, problem)] = await case.rows("SELECT events, problem FROM rota")
    return [one["summary"] for one in events], problem


async def test_a_calendar_is_read_and_its_other_entries_are_named(case: NotificationCase, web: WebhookSink) -> None:
    await _rota(case, f"{web.address}/rota.ics?token=s3cr3t")
    assert await _read(case) == (["ann@example.com"], None)
    assert await case.value("SELECT skipped FROM rota") == [["Lunch", "is cancelled"]]
    assert await case.value("SELECT fetch_at > now() + interval '10 min' FROM rota")
    [request] = web.received
    assert (request.method, request.path) == ("GET", "/rota.ics?token=s3cr3t")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        pytest.param(404, SHIFT, "the calendar's server answered 404", id="refused"),
        pytest.param(
            302, SHIFT, "the calendar's server answered 302: enter the address to which it redirects", id="elsewhere"
        ),
        pytest.param(200, b"<html>", "the URL must lead to a calendar (RFC 5545), in UTF-8", id="a page of a login"),
        pytest.param(
            200, b"x" * 1048577, "the URL must lead to a calendar of at most 1048576 bytes", id="more than is read"
        ),
    ],
)
async def test_the_last_good_calendar_holds(
    case: NotificationCase, web: WebhookSink, status: int, body: bytes, problem: str
) -> None:
    await _rota(case, f"{web.address}/rota.ics")
    await _read(case)
    web.answers, web.body = [status], body
    assert await _read(case) == (["ann@example.com"], problem)


async def test_a_private_address_is_not_read(case: NotificationCase) -> None:
    await _rota(case, "http://10.1.2.3/secret-path")
    _, problem = await _read(case)
    assert problem == "10.1.2.3 has no public address, and private ones are not allowed here"


async def test_after_some_hours_the_organization_is_told_once_and_of_the_end(
    case: NotificationCase, web: WebhookSink, mail: SmtpSink
) -> None:
    await case.channel("email", "NOC", {"to": NOC})
    await _rota(case, f"{web.address}/rota.ics?token=s3cr3t")
    for hours in (0, 5, 7, 8):
        web.answers = [500]
        await case.value(
            "UPDATE rota SET failing_since = now() - $1::interval WHERE failing_since IS NOT NULL",
            timedelta(hours=hours),
        )
        await _read(case)
    await case.deliver_due()
    assert subjects(mail, NOC) == ["The calendar of the rota First line cannot be read"]
    assert "s3cr3t" not in mail.to(NOC)[0].message.as_string()
    await _read(case)
    await case.deliver_due()
    assert subjects(mail, NOC)[1:] == ["The calendar of the rota First line can be read again"]
    assert await case.value("SELECT warned_at FROM rota") is None
