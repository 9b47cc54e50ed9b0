"""Somebody sets a product up by its pages alone: five monitors, a policy, a channel, a location and a colleague."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.browser import Browser
from tests.browser.people import STATE, host_of, printed_link
from tests.browser.watching import Watch
from tests.fakes.certificates import Certificates
from tests.fakes.folders import data_folder
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.system.product import Product, eventually

pytestmark = pytest.mark.long

_USER, _PASSWORD = "probe@example.org", "right horse"
_COLLEAGUE, _NEW_PASSWORD = "colleague@example.org", "a long new password"


@pytest.fixture
def fresh() -> Iterator[Product]:
    with data_folder() as folder:
        running = Product(folder / "data")
        running.settings = {
            "MAILPROBE_CONTROL_NAME": "localhost",
            "MAILPROBE_NOTIFY_ALLOW_NETWORKS": "127.0.0.0/8",
        }
        try:
            running.start()
            yield running
        finally:
            running.end()


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpSink]:
    """A mail server with STARTTLS and a login, whose certificate nobody known vouches for."""
    with SmtpSink(tls=Certificates().context("good"), login=(_USER, _PASSWORD)) as sink:
        yield sink


def _monitor(browser: Browser, home: str, port: int, name: str, tls: str, *ticks: str, user: str = "") -> None:
    """Make a monitor, with a click on each of `ticks`, and wait until its own page says that it is up."""
    browser.open(f"{home}/monitors/new")
    browser.find("#host").type("127.0.0.1")
    browser.find("#port").type(str(port))
    browser.find(f"#tls option[value={tls}]").click()
    browser.find("#name").type(name)
    if user:
        browser.find("#user").type(user)
        browser.find("#password").type(_PASSWORD)
    for tick in ticks:
        browser.click(tick)
    browser.click("Start monitoring")
    browser.sees("The monitor is there.")
    eventually(lambda: browser.value(STATE, "main", "up"), f"{name} is up")


def _log_in(browser: Browser, password: str) -> None:
    browser.find("#email").type(_COLLEAGUE)
    browser.find("#password").type(password)
    browser.click("Log in")


def test_everything_is_set_up_by_the_pages_alone(
    fresh: Product, browser: Browser, watch: Watch, server: SmtpSink
) -> None:
    watch.hosts.add(host_of(fresh))
    home = fresh.record["apiUrl"]
    browser.open(printed_link(fresh))
    browser.sees("Welcome")

    untrusted = ("More about the check", "A certificate that cannot be verified")
    _monitor(browser, home, server.port, "Required", "required", *untrusted)
    _monitor(browser, home, server.port, "Login", "required", *untrusted, user=_USER)
    _monitor(browser, home, server.port, "If offered", "opportunistic", *untrusted)
    _monitor(browser, home, server.port, "In clear", "none")
    _monitor(browser, home, server.port, "Germany alone", "none", "United States of America")

    browser.click("Change the policy")
    browser.click("All locations")
    browser.click("Save")
    browser.sees("The policy is saved.")

    with WebhookSink() as hook:
        browser.open(f"{home}/settings/channels/new")
        browser.click("Webhook")
        browser.find("#name").type("On call")
        browser.find("#url").type(hook.url)
        browser.click("Send a test with these values")
        eventually(lambda: hook.received, "the test arrives")
        browser.sees("200")
        browser.click("Save")
        browser.sees("On call")

    browser.open(f"{home}/locations/new")
    browser.find("#code").type("fr-par")
    browser.find("#country").type("France")
    browser.click("Add it and show its enrolment")
    browser.sees("shown this once")

    browser.open(f"{home}/settings/people/new")
    browser.find("#email").type(_COLLEAGUE)
    browser.click("Editor")
    browser.click("Add the colleague")
    browser.sees("it asks before it logs anybody out")
    link = str(browser.find("#link").attribute("value") or browser.find("#link").text)
    browser.open(home)
    browser.sees("of 5 monitors")
    browser.click("Log out")
    browser.sees("Log in")

    browser.open(link)
    browser.find("#new").type(_NEW_PASSWORD)
    browser.find("#again").type(_NEW_PASSWORD)
    assert browser.value("return document.querySelector('#email, main input[name=email]').value") == _COLLEAGUE
    browser.click("Change the password")
    eventually(lambda: "done=" in browser.address, "the page says what was done")
    browser.click("Log out")
    browser.sees("Log in")
    _log_in(browser, _NEW_PASSWORD)
    browser.sees("of 5 monitors")
