"""The pages of a monitor and of a check say for how long checks and figures are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from controller.model import Role
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.integration.api.conftest import Api
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, browsing_as


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    await make_locations(api)
    await api.value(
        "INSERT INTO retention (organization_id, results_days, rollups_months)"
        " SELECT organization_id, 3, 2 FROM customer WHERE id = $1",
        api.customer,
    )
    async with browsing_as(api, Role.USER) as browser:
        yield browser
    await api.value("DELETE FROM retention WHERE organization_id IS NOT NULL")


async def page_of(browser: Browser, monitor: dict[str, Any], days_ago: float) -> str:
    """The page of two hours that began so many days ago, without its markup."""
    begin = utc_now() - timedelta(days=days_ago)
    query = f"from={begin:%Y-%m-%dT%H:%M}Z&to={begin + timedelta(hours=2):%Y-%m-%dT%H:%M}Z"
    return (await browser.open(f"/monitors/{monitor['publicId']}?{query}")).text


async def test_the_page_says_what_is_no_longer_stored(api: Api, browser: Browser) -> None:
    monitor = await api.create()
    checks, figures = "Single checks are kept 3 days: those due before", "Figures are kept 2 months: those before"
    recent, older, oldest = [await page_of(browser, monitor, days) for days in (1, 5, 100)]
    assert checks not in recent
    assert figures not in recent
    assert checks in older
    assert figures not in older
    assert checks in oldest
    assert figures in oldest
    assert "is stored; single checks are kept 3 days." in older


async def test_the_chart_of_a_time_without_single_checks_is_made_of_roll_ups(api: Api, browser: Browser) -> None:
    monitor = await api.create()
    hour = (utc_now() - timedelta(days=5)).replace(minute=0, second=0, microsecond=0)
    details = f"/api/smtp-monitors/{monitor['publicId']}/details?startDate={_text(hour)}&endDate={_text(hour, 2)}"
    await api.value("UPDATE rollup_progress SET rolled_until = now(), closed_until = now()")
    await api.value(
        "INSERT INTO rollup SELECT $1, 3600, $2, id, 60, 0, 0, 0, 600, 10, 10, '{}', '{}' FROM location"
        " WHERE code = 'de-nbg'",
        monitor["id"],
        hour,
    )
    answer = await api.client.get(details)
    assert [(one["bucketSeconds"], one["checks"]) for one in answer.json()["monitoringData"]] == [(3600, 60)]


async def test_a_check_that_is_gone_says_how_long_checks_are_kept(api: Api, browser: Browser) -> None:
    monitor = await api.create()
    due = to_ms(utc_now() - timedelta(days=5))
    page = await browser.open(f"/monitors/{monitor['publicId']}/checks/{uuid4()}?due={due}")
    assert "Results are kept 3 days." in page.text


def _text(at: datetime, hours: int = 0) -> str:
    return f"{at + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
