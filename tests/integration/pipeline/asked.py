"""A monitor, and results of it of checks that were asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.model import GapReason
from controller.store.checks.dispatch import Expected, expect, settle
from shared.clock import utc_now
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, last_due_ms, to_datetime, to_ms
from tests.integration.pipeline.world import World, a_result

HOUR = timedelta(hours=1)
OFF = timedelta(milliseconds=1)


class Case:
    """A monitor of DE whose target was set at `since`, an hour ago; checked every minute. Both locations are older."""

    def __init__(self, world: World, monitor: UUID, since: datetime) -> None:
        self.world = world
        self.monitor = monitor
        self.since = since

    def round(self, ago: timedelta = timedelta()) -> datetime:
        """The last due moment until then."""
        due = last_due_ms(self.monitor, 60_000, to_ms(self.since), to_ms(utc_now() - ago))
        assert due is not None
        return to_datetime(due)

    async def change(self, columns: str, *values: Any) -> None:
        await self.world.value(f"UPDATE monitor SET {columns} WHERE public_id = $1", self.monitor, *values)  # noqa: S608

    async def expected(self, result: CheckResult, *, settled: bool = False) -> None:
        """The check was planned, and when `settled` given up."""
        number = await self.world.value("SELECT id FROM monitor WHERE public_id = $1", self.monitor)
        place = await self.world.value("SELECT id FROM location WHERE code = $1", result.location)
        settle_at = utc_now() + (-HOUR if settled else HOUR)
        check = Expected(number, to_ms(result.due_at), place, result.purpose, GapReason.NO_RESULT, to_ms(settle_at))
        await expect(self.world.db, [check])
        if settled:
            await settle(self.world.db)


Given = Callable[[Case], Awaitable[CheckResult]]


async def a_round(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=case.round())


async def the_first_round(case: Case) -> CheckResult:
    return a_result(case.monitor, due_at=case.since)


async def planned(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=case.round() - OFF)
    await case.expected(result)
    return result


async def a_recheck(case: Case) -> CheckResult:
    result = a_result(case.monitor, due_at=utc_now(), purpose=Purpose.RECHECK)
    await case.expected(result)
    return result


async def a_triggered_check(case: Case) -> CheckResult:
    """From a location that is none of the monitor's now."""
    result = a_result(case.monitor, "US", due_at=utc_now(), purpose=Purpose.TRIGGERED)
    await case.expected(result)
    return result
