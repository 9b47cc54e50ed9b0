"""The README's example for browsers, in one: somebody who is logged in follows results."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser, browsing, missing_for_chromium
from tests.conftest import requires
from tests.system import monitors
from tests.system.product import REPOSITORY, Product
from tests.system.smtpd import MailServer

_LOG_IN = """
const [email, password, done] = arguments;
fetch("/api/session", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({email, password}),
}).then((answer) => done(answer.status));
"""
_FOLLOW = """
const done = arguments[arguments.length - 1];
const seen = [];
console.log = (...words) => { seen.push(words); if (seen.length === 2) { results.close(); done(seen); } };
%s
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    missing = missing_for_chromium()
    requires(missing is None, str(missing))
    with browsing() as opened:
        yield opened


def test_a_browser_follows_results_with_the_cookie_of_who_is_logged_in(
    browser: Browser, product: Product, mail_server: MailServer
) -> None:
    example = re.search(r"^```js\n(.*?)^```$", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert example
    record = product.record
    browser.open(f"{record['apiUrl']}/healthz")
    assert browser.run(_LOG_IN, record["adminEmail"], record["adminPassword"]) == 200
    monitor = monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True})
    try:
        seen = browser.run(_FOLLOW % example[1])
    finally:
        monitors.delete(product, monitor)
    assert {(location, status) for _, location, status in seen} <= {("de", "success"), ("us", "success")}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", moment) for moment, _, _ in seen)
