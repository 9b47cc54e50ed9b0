"""Pages that only answer a form, which shows a secret this once: read by the keyboard, on the narrowest phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from shared.nats.broker import Broker
from tests.browser import axe
from tests.browser.browser import ENTER, Browser
from tests.browser.emulation import SMALLEST
from tests.browser.watching import Watch
from tests.conftest import requires
from tests.fakes.databases import Databases
from tests.pictures import camera, office
from tests.pictures.served import dashboard

_WIDER = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Office(NamedTuple):
    url: str
    cookie: str


@pytest.fixture(scope="module")
async def opened(databases: Databases, broker: Broker) -> AsyncIterator[Office]:
    async with databases.one() as url, dashboard(url, broker, office.office) as (served, world):
        yield Office(served.url, world.cookie)


@pytest.mark.parametrize(
    ("path", "field", "typed", "shown", "title"),
    [
        pytest.param("/settings/tokens/new", "#name", "Nightly", "#token", "The new token", id="a token"),
        pytest.param("/settings/people/new", "#email", "a@example.com", "#link", "Login link for", id="a login link"),
    ],
)
async def test_a_secret_is_shown_once_and_can_be_copied(
    browser: Browser, opened: Office, watch: Watch, path: str, field: str, typed: str, shown: str, title: str
) -> None:
    requires(axe.source(), "axe (make tools)")
    watch.hosts.add(opened.url.removeprefix("http://"))

    def look() -> None:
        browser.emulation.width(SMALLEST)
        camera.log_in(browser, opened.url, opened.cookie)
        browser.open(opened.url + path)
        browser.find(field).type(typed)
        browser.press(ENTER)
        browser.sees(title)
        secret = browser.find(shown).text
        assert len(secret) > 40
        assert secret not in browser.address
        browser.find(f'[data-copy="{shown[1:]}"]:not([hidden])')
        assert browser.value(_WIDER) == 0
        for dark in (False, True):
            browser.emulation.media(dark=dark, still=True)
            assert axe.barriers(browser) == []
        browser.open("about:blank")

    await asyncio.to_thread(look)
