"""A window as people plan it by the form."""

from __future__ import annotations

from typing import Any

from tests.integration.pages.browser import Browser, Page

NEW = "/maintenance/new"
WEEKLY: dict[str, Any] = {
    "name": "Updates",
    "zone": "Europe/Berlin",
    "start_date": "2027-03-02",
    "start_time": "02:00",
    "end_date": "2027-03-02",
    "end_time": "04:00",
    "repeats": "weekly",
    "days": ["TU"],
    "organization": "on",
}


async def plan(browser: Browser, **values: Any) -> str:
    """The path of a new window."""
    page = await browser.submit(await browser.open(NEW), NEW, **{**WEEKLY, **values})
    assert (page.status, page.path.endswith("?done=planned")) == (200, True), page.text
    return page.path.partition("?")[0]


def wrong(page: Page) -> dict[str, str]:
    """What is said at each field."""
    found = [one for one in page.main.all("p", class_="problem") if "id" in one.attributes]
    return {one.attributes["id"].removeprefix("wrong-"): one.text for one in found}
