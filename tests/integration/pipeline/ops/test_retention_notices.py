"""Operators hear a day before that history will be removed, and once that it is, or that somebody took it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decisions.history.retention import NOTICE, bounding_blocks, in_force, rechosen
from controller.model.retention import Kept, Retention
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.retention.review import SEEN_SECONDS, RetentionReview
from controller.store.platform.pool import Database
from controller.store.retention import choices
from shared.clock import utc_now
from shared.nats.bus import Bus
from tests.integration.pipeline.small_installation import SmallInstallation

OPS = "ops@example.net"
HOUR = timedelta(hours=1)
WILL_GO, GOES, STAYS = (
    "Stored history will be removed",
    "Stored history is being removed",
    "Stored history is not removed",
)


class RetentionCase:
    """An installation with a monitor, and the moment at which the test begins."""

    def __init__(self, installation: SmallInstallation) -> None:
        self.installation = installation
        self.db = installation.db
        self.now = utc_now()

    def controller(self, name: str, days: int, months: int = 24, passed: int = 400) -> RetentionReview:
        return RetentionReview(self.db, name, Kept(days, months, passed), [OPS])

    async def kept(self, at: datetime) -> Retention:
        async with self.db.connection() as connection:
            return in_force(await choices.of_installation(connection), at)

    async def organization_keeps(self, days: int | None, at: datetime) -> None:
        number = await self.installation.value("SELECT id FROM organization")
        async with self.db.transaction() as connection:
            before = await choices.of_organization(connection, number, lock=True)
            ceiling = in_force(await choices.of_installation(connection), at)
            after = rechosen(before, bounding_blocks(Retention(results_days=days)), ceiling, at)
            await choices.save(connection, number, after)

    async def notices(self) -> list[str]:
        return [notice["title"] for notice in await self.whole()]

    async def whole(self) -> list[dict[str, Any]]:
        rows = await self.installation.rows("SELECT notice FROM delivery ORDER BY id")
        return [notice for (notice,) in rows]


@pytest.fixture
async def case(database_url: str, bus: Bus) -> AsyncIterator[RetentionCase]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        installation = SmallInstallation(db, bus)
        await installation.begin("DE")
        await installation.monitor(interval=60)
        yield RetentionCase(installation)


async def test_a_shorter_setting_is_announced_once_and_takes_effect_after_a_day(case: RetentionCase) -> None:
    one, two = case.controller("one", 7), case.controller("two", 7)
    for hours in (0, 1, 23):
        await one.review(case.now + hours * HOUR)
        await two.review(case.now + hours * HOUR)
    assert await case.notices() == [WILL_GO]
    assert await case.kept(case.now + 23 * HOUR) == Retention(results_days=30, rollups_months=24, blocks_days=400)
    for _ in range(2):
        await one.review(case.now + NOTICE + HOUR)
        await two.review(case.now + NOTICE + HOUR)
    assert await case.notices() == [WILL_GO, GOES]
    assert await case.kept(case.now + NOTICE + HOUR) == Retention(results_days=7, rollups_months=24, blocks_days=400)


async def test_the_notice_says_what_goes_when_and_how_to_keep_it(case: RetentionCase) -> None:
    day = (case.now - timedelta(days=20)).replace(hour=0, minute=0, second=0, microsecond=0)
    await case.installation.value(
        "INSERT INTO rollup SELECT monitor.id, 86400, $1, location.id, 1400, 30, 10, 0, 1, 1, 1, '{}', '{}'"
        " FROM monitor, location",
        day,
    )
    await case.controller("one", 7, 12).review(case.now)
    [notice] = await case.whole()
    text = "\n".join(notice["paragraphs"])
    at = case.now + NOTICE
    for part in (
        f"from {at:%Y-%m-%d %H:%M} UTC on 7 days of results, 400 days of checks that passed and 12 months",
        "instead of 30 days of results, 400 days of checks that passed and 24 months of summaries",
        "about 1,440 results and 0 hourly",
        "MAILPROBE_KEEP_RESULTS_DAYS",
        "all organizations",
    ):
        assert part in text, part


async def test_blocks_are_kept_less_long_after_a_day_too(case: RetentionCase) -> None:
    await case.controller("one", 30, passed=40).review(case.now)
    [notice] = await case.whole()
    assert "40 days of checks that passed and 24 months of summaries are kept, instead of" in notice["paragraphs"][0]
    assert "MAILPROBE_KEEP_BLOCKS_DAYS" in notice["paragraphs"][-1]
    assert (await case.kept(case.now + 23 * HOUR)).blocks_days == 400
    assert (await case.kept(case.now + NOTICE)).blocks_days == 40


async def test_an_organization_that_chooses_what_the_installation_keeps_is_told_of_its_blocks(
    case: RetentionCase,
) -> None:
    review = case.controller("one", 30)
    await review.review(case.now)
    await case.organization_keeps(30, case.now)
    await review.review(case.now)
    [notice] = await case.whole()
    assert "30 days of checks that passed" in notice["paragraphs"][0]
    assert "instead of 30 days of results, 400 days of checks that passed" in notice["paragraphs"][0]


async def test_a_setting_that_is_made_longer_again_removes_nothing(case: RetentionCase) -> None:
    await case.controller("one", 7).review(case.now)
    await case.controller("one", 30).review(case.now + HOUR)
    assert await case.notices() == [WILL_GO, STAYS]
    assert await case.kept(case.now + 2 * NOTICE) == Retention(results_days=30, rollups_months=24, blocks_days=400)


async def test_while_controllers_are_set_to_different_times_the_longest_hold(case: RetentionCase) -> None:
    old, new = case.controller("old", 30), case.controller("new", 7)
    await old.review(case.now)
    await new.review(case.now)
    assert await case.notices() == []
    await case.installation.value(
        "UPDATE retention_setting SET seen_at = now() - make_interval(secs => $1) WHERE controller = 'old'",
        SEEN_SECONDS + 1,
    )
    await new.review(case.now)
    assert await case.notices() == [WILL_GO]


async def test_a_longer_setting_needs_no_notice(case: RetentionCase) -> None:
    await case.controller("one", 90, 36).review(case.now)
    assert await case.notices() == []
    assert await case.kept(case.now) == Retention(results_days=90, rollups_months=36, blocks_days=400)


async def test_an_installation_without_monitors_begins_with_its_setting(case: RetentionCase) -> None:
    await case.installation.value("DELETE FROM monitor")
    await case.controller("one", 7).review(case.now)
    assert await case.notices() == []
    assert await case.kept(case.now) == Retention(results_days=7, rollups_months=24, blocks_days=400)


async def test_what_an_organization_keeps_is_announced_with_its_name(case: RetentionCase) -> None:
    review = case.controller("one", 30)
    await case.organization_keeps(7, case.now)
    await review.review(case.now)
    [notice] = await case.whole()
    assert notice["title"] == WILL_GO
    assert notice["paragraphs"][0].startswith("History of the organization O: from ")
    assert (
        "7 days of results, 7 days of checks that passed and 24 months of summaries are kept, instead of 30 days"
        in notice["paragraphs"][0]
    )
    assert "PATCH /api/v1/organizations/{id}" in notice["paragraphs"][-1]
    await case.organization_keeps(3, case.now + HOUR)  # still less: announced anew
    await review.review(case.now + HOUR)
    assert await case.notices() == [WILL_GO, STAYS, WILL_GO]
    await case.organization_keeps(None, case.now + 2 * HOUR)
    await review.review(case.now + 2 * HOUR)
    assert await case.notices() == [WILL_GO, STAYS, WILL_GO, STAYS]


async def test_what_was_announced_outlives_a_restart(case: RetentionCase) -> None:
    await case.organization_keeps(7, case.now)
    await case.controller("one", 30).review(case.now)
    await case.controller("two", 30).review(case.now + NOTICE)
    assert await case.notices() == [WILL_GO, GOES]
