"""What a chart says under the keyboard and under the mouse is what the API says of the same checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from shared.clock import utc_now
from tests.browser.browser import END, LEFT, Browser
from tests.browser.people import log_in
from tests.browser.watching import Watch
from tests.system import monitors
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer

_CHECKS = 4
_ROWS = """
return Object.fromEntries([...document.querySelectorAll("#chart-values tr[data-location]")].map((row) => [
  row.dataset.location,
  Object.fromEntries([...row.querySelectorAll("[data-value]")].map((cell) => [cell.dataset.value, cell.textContent])),
]));
"""
_CAPTION = "return document.querySelector('#chart-values [data-caption]').textContent"
_POINT = """
const plot = document.querySelector("#chart .stack").getBoundingClientRect();
const at = {clientX: plot.left + plot.width * arguments[0], clientY: plot.top + 5, bubbles: true};
document.querySelector("#chart .stack").dispatchEvent(new PointerEvent("pointermove", at));
"""
_SLICE = re.compile(r"([\d-]+ )?([\d:]+) \S+ to ([\d-]+ )?([\d:]+) ")


@pytest.fixture
def checked(product: Product, mail_server: MailServer) -> Iterator[str]:
    """A monitor with some checks, whose next round comes in an hour."""
    monitor = monitors.create(product, mail_server.port, smtpConfig={"ignoreTls": True}, **monitors.HOURLY)
    try:
        for number in range(1, _CHECKS + 1):
            expected = len(product.countries.split()) * number
            eventually(partial(_has_results, product, monitor, expected), "a check from each location")
            if number < _CHECKS:
                monitors.trigger(product, monitor)
        yield monitor
    finally:
        monitors.delete(product, monitor)


def test_a_chart_says_what_the_api_says(product: Product, browser: Browser, watch: Watch, checked: str) -> None:
    browser.emulation.zone("UTC")
    overview = log_in(browser, product, watch)
    browser.open(f"{overview}monitors/{checked}?range=hour")
    results = _results(product, checked)
    browser.value("document.getElementById('chart').focus()")
    browser.press(END)
    read = 0
    for _ in range(60):
        read += _compare(browser, results)
        if read == len(results):
            break
        browser.press(LEFT)
    assert read == len(results), browser.value(_CAPTION)
    by_key = browser.value(_CAPTION)
    browser.value(_POINT, 0.001)
    assert browser.value(_CAPTION) != by_key


def _compare(browser: Browser, results: list[dict[str, Any]]) -> int:
    """Compare the slice that is read with the results due in it; return how many there are."""
    found = _SLICE.match(browser.value(_CAPTION))
    assert found, browser.value(_CAPTION)
    since, until = _moment(found[1], found[2]), _moment(found[3], found[4])
    rows, count = browser.value(_ROWS), 0
    for location, cells in rows.items():
        own = [
            one
            for one in results
            if one["location"] == location and since <= datetime.fromisoformat(one["dueAt"]) < until
        ]
        count += len(own)
        assert int(cells["1"]) == len(own)
        if own:
            average = sum(one["durationMs"] for one in own) / len(own)
            assert _milliseconds(cells["0"]) == pytest.approx(average, abs=0.06 if average < 10 else 0.6)
    return count


def _moment(day: str | None, clock: str) -> datetime:
    """A moment as pages write it: without its day when that is today."""
    return datetime.fromisoformat(f"{(day or str(utc_now().date())).strip()}T{clock}+00:00")


def _milliseconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"ms": 1, "s": 1000}[unit]


def _has_results(product: Product, monitor: str, count: int) -> bool:
    return len(_results(product, monitor)) >= count


def _results(product: Product, monitor: str) -> list[dict[str, Any]]:
    answer = product.api.get("/api/results", params={"monitor": monitor, "limit": 100})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])
