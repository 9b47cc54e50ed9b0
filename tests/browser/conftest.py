from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import Browser
from tests.browser.chromium import browsing, missing_for_chromium
from tests.browser.watching import Watch
from tests.conftest import requires
from tests.system.conftest import mail_server
from tests.system.one_product.conftest import product

__all__ = ["mail_server", "product"]


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


def _clean(browser: Browser) -> None:
    first, *others = browser.tabs
    for tab in others:
        browser.tab = tab
        browser.session.delete("window")
    browser.tab = first
    browser.emulation.reset()
    browser.forget()
    browser.open("about:blank")
