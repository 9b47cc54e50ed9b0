"""A server that says markup, turns text around and does not stop is looked at on every page that shows what it said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.browser.browser import Browser
from tests.browser.hostile import SCRIPT, hostile_server
from tests.browser.people import incident_of, log_in, shows_state
from tests.browser.watching import Watch
from tests.system import monitors
from tests.system.product import Product, eventually

_ALERTED = "return window.alerted"
_LISTEN = "window.alert = () => { window.alerted = true; };"
_FOREIGN = """
return [...document.querySelectorAll("main script:not([type='application/json']), main img, main style")]
  .map((one) => one.outerHTML.slice(0, 200));
"""
_TURNED = "return /[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText + document.title)"


@pytest.fixture(params=["greets", "refuses"])
def hostile(request: pytest.FixtureRequest, product: Product) -> Iterator[str]:
    """A monitor of such a server, whose name is hostile too; its public id."""
    with hostile_server(refusing=request.param == "refuses") as port:
        monitor = monitors.create(product, port, name=SCRIPT, smtpConfig={"secure": False, "requireTls": True})
        try:
            monitors.checks_from(product, monitor, {"DE", "US"}, lambda check: check["status"] == "failure")
            yield monitor
        finally:
            monitors.delete(product, monitor)


def test_nothing_that_a_server_says_becomes_markup(
    product: Product, browser: Browser, watch: Watch, hostile: str
) -> None:
    overview = log_in(browser, product, watch)
    listener = browser.session.devtools("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)["identifier"]
    try:
        browser.open(overview)
        shows_state(browser, f"#m-{hostile}", "down")
        for path in _pages(product, hostile):
            browser.open(f"{overview.rstrip('/')}{path}")
            eventually(lambda: browser.all("main h1"), "the page")
            assert browser.value(_FOREIGN) == [], path
            assert not browser.value(_TURNED), path
            assert not browser.value(_ALERTED), path
            assert "alert(1)" in browser.text, f"{path} does not show what the server or the monitor says"
            root = browser.value("return [document.documentElement.scrollWidth, innerWidth]")
            assert root[0] <= root[1], f"{path} is {root[0]} px wide"
    finally:
        browser.session.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=listener)


def _pages(product: Product, monitor: str) -> list[str]:
    """The pages that show something of the monitor."""
    answer = product.api.get("/api/results", params={"monitor": monitor, "limit": 1})
    assert answer.status_code == 200, answer.text
    check = answer.json()["results"][0]
    due = round(datetime.fromisoformat(check["dueAt"]).timestamp() * 1000)
    incident = eventually(lambda: incident_of(product, monitor), "an incident")
    return [
        "/",
        f"/monitors/{monitor}",
        f"/monitors/{monitor}/checks/{check['checkId']}?due={due}",
        "/incidents",
        f"/incidents/{incident['publicId']}",
    ]
