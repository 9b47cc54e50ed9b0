"""A scanner of mails opens every link with script, and submits every form with the values it has: it acknowledges
nothing and unsubscribes nobody. A person who chooses for how long, or presses the button, does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.channels import open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.delivery.report_digests import send_digests
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.nats.broker import Broker
from tests.browser.browser import Browser
from tests.fakes.databases import Databases
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.conftest import LOOPBACK
from tests.integration.notify.notification_case import NotificationCase, addressed
from tests.integration.notify.receivers.test_digests import DAILY
from tests.integration.pages.browser import Element, Page
from tests.pictures.served import dashboard

OWN = "own@example.com"
READER = "reader@example.com"
_SUBMITTED = "const form = document.forms[arguments[0]]; form[arguments[1]](); return true"


class Mailed(NamedTuple):
    """A dashboard with an outage, and the HTML of the mail about it and of a digest."""

    database: Database
    html: str
    digest: str


class LinkingCase(NotificationCase):
    """Its messages have links to this address."""

    url = ""

    def notifier(self) -> Notifier:
        return Notifier(self.db, self.vault, self.senders, public_url=PublicUrl(self.url))


@pytest.fixture
async def mailed(databases: Databases, broker: Broker) -> AsyncIterator[Mailed]:
    with SmtpSink() as mail:
        relay = Relay(host="127.0.0.1", port=mail.port, sender="probe@example.net", tls=RelayTls.NONE)
        async with open_senders(relay=relay, sms_url=None, allowed=LOOPBACK) as senders:

            async def world(database: Database, _: datetime) -> LinkingCase:
                case = LinkingCase(database, Vault(VaultKeys(new_key().reveal())), senders)
                await case.begin()
                await addressed(case, notification_email=OWN)
                await case.opened()
                return case

            async with databases.one() as url, dashboard(url, broker, world) as (served, case):
                case.url = served.url
                await case.deliver_due()
                await case.channel("email", "Daily", {"to": [READER]}, digest=DAILY)
                await send_digests(case.db)
                await send_digests(case.db, await case.value("SELECT digest_due_at FROM notification_channel"))
                await case.deliver_due()
                yield Mailed(served.database, *(mail.to(each)[0].text("html") for each in (OWN, READER)))


async def taken_by(mailed: Mailed) -> str | None:
    async with mailed.database.connection() as connection:
        found: str | None = await connection.fetchval("SELECT acknowledged_by FROM incident")
        changes = await connection.fetchval("SELECT count(*) FROM incident_change")
    assert (changes == 1) is (found is None)
    return found


async def test_a_scanner_acknowledges_nothing_and_a_person_does(browser: Browser, mailed: Mailed) -> None:
    links = links_of(mailed.html)
    [ack] = [link for link in links if "/ack/" in link]
    assert len(links) >= 2
    submitted = await asyncio.to_thread(scan, browser, links)
    assert submitted >= 2 * len([ack])
    assert await taken_by(mailed) is None
    await asyncio.to_thread(take, browser, ack)
    assert await taken_by(mailed) == OWN


async def test_a_scanner_unsubscribes_nobody_and_a_person_does(browser: Browser, mailed: Mailed) -> None:
    async def left() -> list[str]:
        async with mailed.database.connection() as connection:
            return [row[0] for row in await connection.fetch("SELECT receiver FROM digest_unsubscription")]

    links = links_of(mailed.digest)
    [unsubscribe] = [link for link in links if "/unsubscribe/" in link]
    assert await asyncio.to_thread(scan, browser, links) >= 2
    assert await left() == []
    await asyncio.to_thread(leave, browser, unsubscribe)
    assert await left() == [READER]


def leave(browser: Browser, link: str) -> None:
    browser.open(link)
    browser.click("Unsubscribe")
    browser.sees("You are unsubscribed")


def scan(browser: Browser, links: list[str]) -> int:
    """Open every link, and submit every form of each page in both ways that scripts have. Return how many."""
    submitted = 0
    for link in links:
        browser.open(link)
        for number in range(len(browser.all("form"))):
            for way in ("submit", "requestSubmit"):
                browser.open(link)
                assert browser.value(_SUBMITTED, number, way)
                browser.sees("Mailprobe")
                submitted += 1
    return submitted


def take(browser: Browser, link: str) -> None:
    browser.open(link)
    browser.sees("Nobody has it yet.")
    assert browser.value("return document.querySelectorAll('input:checked').length") == 0
    browser.find("input[value='2h']").click()
    browser.find("textarea").type("On my way")
    browser.click("Take it")
    browser.sees("You have it until")


def links_of(html: str) -> list[str]:
    root: Element = Page(httpx.Response(200, text=html, request=httpx.Request("GET", "http://mail/"))).root
    found = [each.attributes.get("href", "") for each in root.all("a")]
    return [link for link in found if urlsplit(link).scheme in {"http", "https"}]
