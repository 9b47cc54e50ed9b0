"""Somebody who has just typed `make run` logs in by the printed link and makes a first monitor, following the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import ENTER, ESCAPE, TAB, Browser
from tests.browser.people import STATE, host_of, printed_link, shows_state
from tests.browser.watching import Watch
from tests.fakes.folders import data_folder
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer


@pytest.fixture
def fresh() -> Iterator[Product]:
    """A product that nobody has used yet."""
    with data_folder() as folder:
        running = Product(folder / "data")
        running.settings = {"MAILPROBE_CONTROL_NAME": "localhost"}
        try:
            running.start()
            yield running
        finally:
            running.end()


def test_a_newcomer_follows_the_page(fresh: Product, browser: Browser, watch: Watch, mail_server: MailServer) -> None:
    watch.hosts.add(host_of(fresh))
    browser.open(printed_link(fresh))
    browser.sees("Welcome")
    assert "code=" not in browser.address
    browser.find("#host").type("127.0.0.1")
    browser.find("#port").type(str(mail_server.port))
    browser.click("Start monitoring")
    eventually(lambda: "/monitors/" in browser.address and "/new" not in browser.address, "the monitor's own page")
    own = browser.address
    shows_state(browser, "main", "up")
    assert browser.address == own
    browser.click("Overview")
    shows_state(browser, "table.monitors", "up")
    assert browser.title.startswith("Overview")


def test_the_link_works_once(fresh: Product, browser: Browser) -> None:
    browser.open(printed_link(fresh))
    browser.sees("Welcome")
    browser.click("Log out")
    browser.sees("Log in")
    browser.open("about:blank")
    browser.open(printed_link(fresh))
    browser.sees("code")
    assert browser.texts(".problem"), browser.text
    assert "Welcome" not in browser.text


def test_a_newcomer_without_a_mouse(fresh: Product, browser: Browser, watch: Watch, mail_server: MailServer) -> None:
    """The same by the keyboard alone, on a fresh product."""
    watch.hosts.add(host_of(fresh))
    browser.open(printed_link(fresh))
    browser.sees("Welcome")
    _tab_to(browser, "host")
    browser.writes("127.0.0.1")
    _tab_to(browser, "port")
    browser.writes(str(mail_server.port))
    browser.press(ENTER)
    eventually(lambda: "/monitors/" in browser.address and "/new" not in browser.address, "the monitor's own page")
    shows_state(browser, "main", "up")
    browser.press("g", "o")
    eventually(lambda: browser.value("return location.pathname") == "/", "the overview")
    shows_state(browser, "table.monitors", "up")
    browser.press("j", ENTER)
    eventually(lambda: "/monitors/" in browser.address, "the monitor again")
    browser.press("?")
    browser.sees("acknowledge the incident")
    browser.press(ESCAPE)
    eventually(lambda: not browser.all("dialog[open]"), "the list closes")


def test_a_newcomer_without_scripts(fresh: Product, browser: Browser, watch: Watch, mail_server: MailServer) -> None:
    """The code is pasted; every form works; what a page shows is true when it is loaded again."""
    watch.hosts.add(host_of(fresh))
    browser.emulation.scripts(on=False)
    address, _, code = printed_link(fresh).partition("#code=")
    browser.open(address)
    browser.click("Log in with a code")
    browser.find("#code").type(code)
    browser.click("Log in with the code")
    browser.sees("Welcome")
    browser.find("#host").type("127.0.0.1")
    browser.find("#port").type(str(mail_server.port))
    browser.click("Start monitoring")
    eventually(lambda: "/monitors/" in browser.address and "/new" not in browser.address, "the monitor's own page")

    def is_up() -> bool:
        browser.reload()
        return bool(browser.value(STATE, "main", "up"))

    eventually(is_up, "up after loading it again")
    browser.click("Log out")
    browser.sees("Log in")


def _tab_to(browser: Browser, identity: str) -> None:
    """Press the tab key until the field with this id has the focus."""
    for _ in range(60):
        if browser.value("return document.activeElement.id") == identity:
            return
        browser.press(TAB)
    raise AssertionError(f"{identity} cannot be reached by the tab key")
