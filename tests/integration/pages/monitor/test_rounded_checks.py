"""Checks whose times are rounded, as those in blocks are, say so in the log of their monitor and on their pages."""

from __future__ import annotations

from datetime import timedelta

from controller.model import Role
from controller.store.blocks.folding import fold
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.integration.api.conftest import Api
from tests.integration.api.outages import check_result, make_locations
from tests.integration.pages.browser import browsing_as

WHY = "Some hours after a check passed, its times are kept within 1.25 %, without its dialogue."


async def test_they_say_so_in_the_log_and_on_their_pages(api: Api) -> None:
    await make_locations(api)
    monitor = await api.create()
    hour = (utc_now() - timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    results = [check_result(monitor, hour + timedelta(minutes=n), "de-nbg") for n in range(6)]
    await store_results(api.database, results)
    await api.value("DELETE FROM evaluation")
    await api.value("UPDATE result SET stored_at = due_at + interval '1 second' WHERE monitor_id = $1", monitor["id"])
    log = f"/monitors/{monitor['publicId']}?from={hour:%Y-%m-%dT%H:%M}Z&to={hour + timedelta(hours=1):%Y-%m-%dT%H:%M}Z"
    check = f"/monitors/{monitor['publicId']}/checks/{results[2].check_id}?due={to_ms(results[2].due_at)}"
    async with browsing_as(api, Role.USER) as browser:
        before = [(await browser.open(path)).html for path in (log, check)]
        async with api.database.transaction() as connection:
            assert await fold(connection, [monitor["id"]], hour, hour + timedelta(hours=1)) == 6
        after = [(await browser.open(path)).html for path in (log, check)]
    assert [page.count(WHY) for page in before] == [0, 0]
    assert [page.count(WHY) for page in after] == [6, 2]
