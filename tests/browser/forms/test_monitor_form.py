"""The form of a monitor in a real browser, by the keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.nats.broker import Broker
from tests.browser.browser import ENTER, TAB, Browser
from tests.browser.conftest import Exhibition
from tests.browser.watching import Watch
from tests.fakes.databases import Databases
from tests.pictures import camera, worlds
from tests.pictures.served import dashboard
from tests.pictures.views import View
from tests.system.product import eventually

_FORM = View("", lambda _world: "/monitors/new")
_FOCUS = "return document.activeElement.id"
_VALUE = "return document.getElementById(arguments[0]).value"


@pytest.fixture
async def empty(databases: Databases, broker: Broker) -> AsyncIterator[Exhibition]:
    async with databases.one() as database_url, dashboard(database_url, broker, worlds.empty) as (served, world):
        yield Exhibition(served.url, served.url.removeprefix("http://"), world, ())


async def test_another_protocol_shows_its_fields_and_enter_saves(
    browser: Browser, empty: Exhibition, watch: Watch
) -> None:
    """What was typed stays; what was usual for the other protocol becomes what is usual for this one."""
    watch.hosts.add(empty.host)

    def walk() -> None:
        camera.visit(browser, empty.url, empty.world, _FORM)
        _tab_to(browser, "host")
        browser.writes("imap.example.com")
        assert not browser.value("return document.querySelector('[name=draw]').checkVisibility()")
        browser.value("document.getElementById('kind').value = 'imap'")
        browser.value("document.getElementById('kind').dispatchEvent(new Event('change'))")
        browser.sees("These are the fields of IMAP")
        assert browser.value(_VALUE, "host") == "imap.example.com"
        assert browser.value(_VALUE, "tls") == "implicit"
        assert browser.value(_FOCUS) == "kind"
        _tab_to(browser, "customer")
        browser.value("document.getElementById('customer').selectedIndex = 1")
        _tab_to(browser, "host", back=True)
        browser.press(ENTER)
        eventually(lambda: "/monitors/" in browser.address and "/new" not in browser.address, "the monitor's page")
        browser.sees("Not judged yet")
        browser.open("about:blank")

    await asyncio.to_thread(walk)


def _tab_to(browser: Browser, identity: str, *, back: bool = False) -> None:
    """Press the tab key until the field with this id has the focus; `back`: from the beginning of the page."""
    if back:
        browser.value("document.querySelector('.skip').focus()")
    for _ in range(60):
        if browser.value(_FOCUS) == identity:
            return
        browser.press(TAB)
    raise AssertionError(f"{identity} cannot be reached by the tab key")
