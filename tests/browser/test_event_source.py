"""The example of docs/streaming.md for browsers, in one: somebody who is logged in follows results."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from tests.browser.browser import Browser
from tests.system import monitors
from tests.system.product import REPOSITORY, Product, eventually
from tests.system.smtpd import MailServer

_LOG_IN = """
const [email, password, done] = arguments;
fetch("/api/session", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({email, password}),
}).then((answer) => done(answer.status));
"""
_FOLLOW = """
const done = arguments[arguments.length - 1];
const logged = [];
console.log = (...words) => { logged.push(words); if (logged.length === 2) { results.close(); done(logged); } };
%s
"""
_OPEN = """
const [done] = arguments;
window.received = [];
window.breaks = 0;
window.results = new EventSource("/api/results/stream");
results.addEventListener("result", (message) => received.push(JSON.parse(message.data).eventId));
results.addEventListener("error", () => { breaks += 1; });
results.addEventListener("open", () => done(true), {once: true});
"""
_RECEIVED = """
const [count, done] = arguments;
const poll = () => {
  if (results.readyState === EventSource.CLOSED) done("closed for ever");
  else if (received.length >= count) done([breaks, received]);
  else setTimeout(poll, 50);
};
poll();
"""


def test_a_browser_follows_results_with_the_cookie_of_the_logged_in_user(
    browser: Browser, product: Product, mail_server: MailServer
) -> None:
    example = re.search(r"^```js\n(.*?)^```$", (REPOSITORY / "docs/streaming.md").read_text(), re.MULTILINE | re.DOTALL)
    assert example
    _log_in(browser, product)
    monitor = monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True})
    try:
        logged = browser.run(_FOLLOW % example[1])
    finally:
        monitors.delete(product, monitor)
    assert {(location, status) for _, location, status in logged} <= {("de", "success"), ("us", "success")}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", moment) for moment, _, _ in logged)


def _kill_controller(product: Product) -> None:
    pid = product.record["pids"]["controller"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: product.record["pids"].get("controller") not in (None, pid), "a controller again")


def _kill_controller_and_keep_the_database_away(product: Product) -> None:
    """The outage is long enough for a browser to ask the new controller, which cannot check its session meanwhile."""

    def away() -> bool:
        pid = product.record["pids"].get("postgres")
        with suppress(ProcessLookupError):  # it was killed before, and its successor is not recorded yet
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        return _status(product, "/api/locations") == 503

    away()
    _kill_controller(product)
    for _ in range(40):
        eventually(away, "a controller without a database", 40)
        time.sleep(0.1)


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param(_kill_controller, id="the controller was killed"),
        pytest.param(_kill_controller_and_keep_the_database_away, id="the controller came back before the database"),
    ],
)
def test_a_browser_comes_back_by_itself(
    browser: Browser, product: Product, mail_server: MailServer, outage: Callable[[Product], None]
) -> None:
    """An answer other than 200 would end its stream for as long as the page is open."""
    _log_in(browser, product)
    assert browser.run(_OPEN)
    made = [monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True})]
    try:
        assert len(browser.run(_RECEIVED, 2)) == 2
        outage(product)
        eventually(lambda: _status(product, "/readyz") == 200, "ready again")
        made.append(monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True}))
        breaks, received = browser.run(_RECEIVED, 4)
    finally:
        for monitor in made:
            monitors.delete(product, monitor)
    assert breaks
    assert len(received) == len(set(received))


def _log_in(browser: Browser, product: Product) -> None:
    record = product.record
    browser.open(f"{record['apiUrl']}/healthz")
    assert browser.run(_LOG_IN, record["adminEmail"], record["adminPassword"]) == 200


def _status(product: Product, path: str) -> int | None:
    try:
        return product.api.get(path).status_code
    except httpx.TransportError:
        return None
