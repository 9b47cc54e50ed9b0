"""Planning maintenance in a real browser: the next occurrences while one types, and the calendar on a phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.nats.broker import Broker
from tests.browser.browser import Browser
from tests.browser.conftest import Exhibition
from tests.browser.emulation import PHONE
from tests.browser.watching import Watch
from tests.fakes.databases import Databases
from tests.pictures import camera, worlds
from tests.pictures.served import dashboard
from tests.pictures.views import View
from tests.system.product import eventually

_FORM = View("", lambda _world: "/maintenance/new")
_CHANNEL = View("", lambda _world: "/settings/channels/new?type=email")
_MONTH = View("", lambda _world: "/maintenance/calendar?date=2027-03-15")
_SET = """
const field = document.getElementById(arguments[0]);
field.value = arguments[1];
field.dispatchEvent(new Event("input", {bubbles: true}));
"""
_NEXT = "return [...document.querySelectorAll('#next li')].map((one) => one.innerText.trim())"
_SEEN = "return document.getElementById(arguments[0]).checkVisibility()"
_BUTTON = "return document.querySelector('[data-shows]').checkVisibility()"
_DAYS = "return [...document.querySelectorAll('.calendar td')].filter((one) => one.checkVisibility()).length"


@pytest.fixture
async def empty(databases: Databases, broker: Broker) -> AsyncIterator[Exhibition]:
    async with databases.one() as database_url, dashboard(database_url, broker, worlds.empty) as (served, world):
        yield Exhibition(served.url, served.url.removeprefix("http://"), world, ())


async def test_the_next_five_follow_what_is_typed(browser: Browser, empty: Exhibition, watch: Watch) -> None:
    """Also before the window has a name; fields of another recurrence are out of sight."""
    watch.hosts.add(empty.host)

    def shows(text: str) -> bool:
        return any(text in one for one in browser.value(_NEXT))

    def walk() -> None:
        camera.visit(browser, empty.url, empty.world, _FORM)
        eventually(lambda: len(browser.value(_NEXT)) == 1, "the only occurrence")
        for field, text in {
            "zone": "Europe/Berlin",
            "start_date": "2027-03-27",
            "start_time": "01:00",
            "end_date": "2027-03-27",
            "end_time": "04:00",
        }.items():
            browser.value(_SET, field, text)
        assert not browser.value(_SEEN, "interval")
        browser.value(_SET, "repeats", "daily")
        assert browser.value(_SEEN, "interval")
        assert not browser.value(_SEEN, "month_day")
        eventually(lambda: len(browser.value(_NEXT)) == 5, "five occurrences")
        assert shows("1 h shorter: the clock goes forward")
        browser.value(_SET, "end_date", "2027-03-26")
        eventually(lambda: shows("must be after start"), "what is wrong")
        browser.open("about:blank")

    await asyncio.to_thread(walk)


async def test_a_channels_form_says_what_its_quiet_hours_mean(
    browser: Browser, empty: Exhibition, watch: Watch
) -> None:
    watch.hosts.add(empty.host)
    words = "return document.getElementById('next').innerText"

    def walk() -> None:
        camera.visit(browser, empty.url, empty.world, _CHANNEL)
        assert "Nothing waits." in browser.value(words)
        eventually(lambda: not browser.value(_BUTTON), "the script, which needs no button")
        browser.value(_SET, "quiet_windows", "Mon-Fri 22:00-07:00")
        eventually(lambda: "must be chosen" in browser.value(words), "what is missing")
        browser.value("document.getElementsByName('quiet_partial')[0].click()")
        browser.value(_SET, "quiet_zone", "Europe/Berlin")
        meaning = "Partial outages wait from 22:00 to 07:00 (Mon-Fri), Europe/Berlin; full outages are sent at once."
        eventually(lambda: meaning in browser.value(words), "what waits")
        assert len(browser.value(_NEXT)) == 5
        browser.open("about:blank")

    await asyncio.to_thread(walk)


async def test_a_phone_shows_only_days_with_maintenance(browser: Browser, empty: Exhibition, watch: Watch) -> None:
    watch.hosts.add(empty.host)

    def walk() -> None:
        camera.visit(browser, empty.url, empty.world, _FORM)
        values = {
            "name": "Updates",
            "start_date": "2027-03-02",
            "start_time": "22:00",
            "end_date": "2027-03-04",
            "end_time": "04:00",
        }
        for field, text in values.items():
            browser.value(_SET, field, text)
        browser.value("document.getElementsByName('organization')[0].checked = true")
        browser.value("document.querySelector('.planning button.primary').click()")
        eventually(lambda: "done=planned" in browser.address, "the page of the window")
        camera.visit(browser, empty.url, empty.world, _MONTH)
        assert browser.value(_DAYS) == 35
        browser.emulation.width(PHONE)
        assert browser.value(_DAYS) == 3
        browser.sees("Tue 2 Mar 2027")
        browser.open("about:blank")

    await asyncio.to_thread(walk)
