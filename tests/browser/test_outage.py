"""Somebody on call has the dashboard open while a server stops: the page turns red by itself and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import ENTER, Browser
from tests.browser.emulation import PHONE
from tests.browser.people import incident_of, log_in, shows_state
from tests.browser.watching import Watch
from tests.system import monitors
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer


@pytest.fixture
def watched(product: Product, mail_server: MailServer) -> Iterator[str]:
    """A monitor of a server that is well, checked every 10 seconds; its public id."""
    monitor = monitors.create(product, mail_server.port, name="Outbound relay", smtpConfig={"ignoreTls": True})
    monitors.checks_from(product, monitor, {"DE", "US"}, lambda check: check["status"] == "success")
    try:
        yield monitor
    finally:
        monitors.delete(product, monitor)


def test_an_outage_is_seen_acknowledged_and_over(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer, watched: str
) -> None:
    overview = log_in(browser, product, watch)
    browser.open(overview)
    shows_state(browser, f"#m-{watched}", "up")
    assert not browser.title.startswith("▼")
    mail_server.stop()
    shows_state(browser, f"#m-{watched}", "down")
    browser.sees("cannot connect: refused")
    browser.sees("nobody has it")
    eventually(lambda: browser.title.startswith("▼1 down"), "the title says so")
    browser.click("Acknowledge")
    browser.sees("has it")
    assert "nobody has it" not in browser.text
    found = incident_of(product, watched)
    assert found
    assert found["acknowledgedAt"]
    browser.click("Outbound relay")
    browser.sees("Acknowledged")
    browser.click("Overview")
    mail_server.start()
    shows_state(browser, f"#m-{watched}", "up")
    eventually(lambda: "open incident" not in browser.text, "the incident goes")
    eventually(lambda: not browser.title.startswith("▼"), "the title says so")


def test_an_outage_by_the_keyboard_alone(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer, watched: str
) -> None:
    overview = log_in(browser, product, watch)
    browser.open(overview)
    shows_state(browser, f"#m-{watched}", "up")
    mail_server.stop()
    try:
        shows_state(browser, f"#m-{watched}", "down")
        browser.sees("nobody has it")
        browser.press("j", "a")
        browser.sees(f"{product.record['adminEmail']} has it")
        browser.press("j", ENTER)
        eventually(lambda: "/incidents/" in browser.address, "the incident")
        browser.sees("cannot connect: refused")
    finally:
        mail_server.start()
    browser.press("g", "o")
    shows_state(browser, f"#m-{watched}", "up")


def test_an_outage_on_a_phone(
    product: Product, browser: Browser, watch: Watch, mail_server: MailServer, watched: str
) -> None:
    """Everything that is needed at night is reached without scrolling to the side."""
    browser.emulation.width(PHONE)
    overview = log_in(browser, product, watch)
    browser.open(overview)
    mail_server.stop()
    try:
        shows_state(browser, f"#m-{watched}", "down")
        browser.sees("nobody has it")
        browser.click("Acknowledge")
        browser.sees("has it")
        for link in ("Outbound relay", "Incidents", "Locations", "Overview"):
            browser.click(link)
            eventually(lambda: browser.all("main h1"), "the next page")
            assert browser.value("return document.documentElement.scrollWidth") == PHONE, browser.address
    finally:
        mail_server.start()
