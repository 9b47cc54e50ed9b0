"""A monitor, and results of checks of it that were requested."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from controller.model import GapReason
from controller.store.checks.dispatch import Expected, expect, settle
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, last_due_ms
from tests.integration.pipeline.small_installation import SmallInstallation, a_result

HOUR = timedelta(hours=1)
OFF = timedelta(milliseconds=1)


class ResultCase:
    """A monitor of DE whose target was set at `since`, an hour ago; checked every minute. Both locations are older."""

    def __init__(self, installation: SmallInstallation, monitor: UUID, since: datetime) -> None:
        self.installation = installation
        self.monitor = monitor
        self.since = since

    def round(self, ago: timedelta = timedelta()) -> datetime:
        """The latest due moment before that."""
        due = last_due_ms(self.monitor, 60_000, to_ms(self.since), to_ms(utc_now() - ago))
        assert due is not None
        return to_datetime(due)

    async def change(self, statement: str, *values: Any) -> None:
        """Run a statement with the monitor's public id as $1."""
        await self.installation.value(statement, self.monitor, *values)

    async def expected(self, result: CheckResult, *, settled: bool = False) -> None:
        """Record that the check was planned and, with `settled`, given up."""
        number = await self.installation.value("SELECT id FROM monitor WHERE public_id = $1", self.monitor)
        location_id = await self.installation.value("SELECT id FROM location WHERE code = $1", result.location)
        settle_at = utc_now() + (-HOUR if settled else HOUR)
        check = Expected(
            number, to_ms(result.due_at), location_id, result.purpose, GapReason.NO_RESULT, to_ms(settle_at)
        )
        await expect(self.installation.db, [check])
        if settled:
            await settle(self.installation.db)


Given = Callable[[ResultCase], Awaitable[CheckResult]]


async def a_round(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=result_case.round())


async def the_first_round(result_case: ResultCase) -> CheckResult:
    return a_result(result_case.monitor, due_at=result_case.since)


async def planned(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=result_case.round() - OFF)
    await result_case.expected(result)
    return result


async def a_recheck(result_case: ResultCase) -> CheckResult:
    result = a_result(result_case.monitor, due_at=utc_now(), purpose=Purpose.RECHECK)
    await result_case.expected(result)
    return result


async def a_triggered_check(result_case: ResultCase) -> CheckResult:
    """From a location that the monitor does not have now."""
    result = a_result(result_case.monitor, "US", due_at=utc_now(), purpose=Purpose.TRIGGERED)
    await result_case.expected(result)
    return result
