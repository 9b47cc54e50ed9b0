"""Somebody who uses the dashboard of a product that runs: logs in, and waits for what a page says."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.browser.browser import Browser
from tests.browser.watching import Watch
from tests.system.product import Product, eventually

SESSION_COOKIE = "mailprobe_session"
_LINK = re.compile(r"logged in: (\S+)")
STATE = """
const [within, state] = arguments;
return [...document.querySelectorAll(`${within} .is-${state}`)]
  .some((one) => one.checkVisibility() && one.textContent.trim().toLowerCase().startsWith(state));
"""
"""Whether such a state is shown: within what, and which."""


def printed_link(product: Product) -> str:
    """The link that the product printed last when it started."""
    return str(_LINK.findall(product.output())[-1])


def host_of(product: Product) -> str:
    return str(product.record["apiUrl"]).removeprefix("http://")


def log_in(browser: Browser, product: Product, watch: Watch | None = None) -> str:
    """Log the administrator in, as a browser would by its form. Returns the address of the overview."""
    record = product.record
    if watch is not None:
        watch.hosts.add(host_of(product))
    with httpx.Client(base_url=record["apiUrl"], trust_env=False) as client:
        answer = client.post("/api/session", json={"email": record["adminEmail"], "password": record["adminPassword"]})
        assert answer.status_code == 200, answer.text
        cookie = answer.cookies[SESSION_COOKIE]
    browser.take(record["apiUrl"], SESSION_COOKIE, cookie)
    return f"{record['apiUrl']}/"


def shows_state(browser: Browser, within: str, state: str, seconds: float = 60.0) -> None:
    """Return as soon as an element with the class and the word of a state is shown there, without a click."""
    try:
        eventually(lambda: browser.value(STATE, within, state), state, seconds)
    except AssertionError:
        raise AssertionError(f"{within} at {browser.address} never was {state}, but:\n{browser.text}") from None


def incident_of(product: Product, monitor: str) -> dict[str, Any] | None:
    """The newest incident of a monitor, as the API lists it."""
    answer = product.api.get("/api/incidents", params={"limit": 50})
    assert answer.status_code == 200, answer.text
    return next((one for one in answer.json() if one["website"]["publicId"] == monitor), None)
