from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest

from shared.nats.broker import Broker
from tests.browser.browser import Browser
from tests.browser.chromium import browsing, missing_for_chromium
from tests.browser.watching import Watch
from tests.conftest import requires
from tests.fakes.databases import Databases
from tests.pictures.served import dashboard
from tests.pictures.views import ALBUM, View
from tests.pictures.worlds import World
from tests.system.conftest import mail_server
from tests.system.one_product.conftest import product

__all__ = ["mail_server", "product"]


class Exhibition(NamedTuple):
    """A served dashboard of an installation that is made up, and the views to look at there."""

    url: str
    host: str
    world: World
    views: tuple[View, ...]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    missing = missing_for_chromium()
    requires(missing is None, str(missing))
    with browsing() as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser with one tab, logged out, on an ordinary screen."""
    _clean(chromium)
    yield chromium
    _clean(chromium)


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watch]:
    """Fails the test at its end if a page reported an error, broke the policy, or asked another host than `hosts`."""
    watching = Watch(browser)
    try:
        yield watching
        assert watching.found() == []
    finally:
        watching.end()


@pytest.fixture(scope="module", params=ALBUM)
async def exhibition(request: pytest.FixtureRequest, databases: Databases, broker: Broker) -> AsyncIterator[Exhibition]:
    """Each installation of the pictures in turn."""
    make, views = ALBUM[request.param]
    async with databases.one() as database_url, dashboard(database_url, broker, make) as (served, world):
        different = tuple(view for view in views if not view.similar)
        yield Exhibition(served.url, served.url.removeprefix("http://"), world, different)


def _clean(browser: Browser) -> None:
    first, *others = browser.tabs
    for tab in others:
        browser.tab = tab
        browser.session.delete("window")
    browser.tab = first
    browser.emulation.reset()
    browser.forget()
    browser.open("about:blank")
