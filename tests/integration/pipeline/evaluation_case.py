"""A monitor and three locations whose results are stored and evaluated step by step, for tests of the evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.model import GapReason
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.housekeeping import settle_checks
from controller.store.checks.dispatch import Expected, expect
from controller.store.checks.results import store_results
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose
from shared.wire.sealing import new_key_pair
from tests.integration.pipeline.small_installation import SmallInstallation, a_result

COUNTRIES = ("DE", "FR", "US")
INTERVAL = 60


class EvaluationCase:
    """Results are written as letters, one for each of DE, FR and US: `p`assed, `w`arned, `f`ailed, `g`reylisted, blind
    by the `a`gent's fault, `n`o agent was there, and `-` for nothing (yet).
    """

    def __init__(self, installation: SmallInstallation) -> None:
        self.installation = installation
        self.db: Database = installation.db
        self.began = utc_now()

    async def begin(self) -> None:
        _, public = new_key_pair()
        await self.installation.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('fr', 'FR', 'FR', $1)", public
        )

    async def monitor(
        self,
        *,
        kind: str = "smtp",
        interval: int = INTERVAL,
        status: str = "active",
        mode: str | None = None,
        home_location_id: int | None = None,
        allowed_check_country_codes: list[str] | None = None,
        retry_on_failure: bool = False,
        evaluation_deadline_seconds: int | None = None,
    ) -> UUID:
        """Add a monitor whose target was set an hour ago; its checks may take 5 s."""
        monitor = await self.installation.monitor(kind=kind, interval=interval, countries=allowed_check_country_codes)
        await self.installation.value(
            "UPDATE monitor SET target_changed_at = now() - interval '1 hour', status = $2, mode = $3,"
            " home_location_id = $4, retry_on_failure = $5, evaluation_deadline_seconds = $6 WHERE public_id = $1",
            monitor,
            status,
            mode,
            home_location_id,
            retry_on_failure,
            evaluation_deadline_seconds,
        )
        return monitor

    def at(self, seconds: float) -> datetime:
        """The moment so long after the beginning of the test. The evaluation of a round due then waits for votes until
        ten seconds after it, and five seconds after the first vote; results come too late 40 seconds after it.
        """
        return self.began + timedelta(seconds=seconds)

    async def store(
        self, monitor: UUID, seconds: float, letters: str, *, purpose: Purpose = Purpose.SCHEDULED, due: Any = None
    ) -> None:
        """Store the outcomes of the checks due then, without evaluating them."""
        moment = due or self.at(seconds)
        outcomes = list(zip(COUNTRIES, letters, strict=True))
        results = [
            _result(monitor, country, moment, purpose, letter) for country, letter in outcomes if letter in "pwfga"
        ]
        if results:
            await store_results(self.db, results)
        missing = [country.lower() for country, letter in outcomes if letter == "n"]
        if missing:
            await self.record_gaps(monitor, moment, missing, purpose=purpose)

    async def evaluate(
        self, monitor: UUID, seconds: float, letters: str, *, purpose: Purpose = Purpose.SCHEDULED
    ) -> None:
        """Store the outcomes of the checks due then, and evaluate."""
        await self.store(monitor, seconds, letters, purpose=purpose)
        await evaluate_due(self.db)

    async def recheck(self, monitor: UUID, letters: str) -> None:
        """Store the outcomes of the recheck that was requested, and evaluate."""
        [(due,)] = await self.installation.rows(
            "DELETE FROM recheck USING monitor WHERE monitor.id = monitor_id AND public_id = $1"
            " AND recheck.location_ids IS NULL RETURNING recheck.due_at",
            monitor,
        )
        await self.store(monitor, 0, letters, purpose=Purpose.RECHECK, due=due)
        await evaluate_due(self.db)

    async def record_gaps(
        self,
        monitor: UUID,
        due: datetime,
        locations: Sequence[str],
        *,
        purpose: Purpose = Purpose.SCHEDULED,
        reason: GapReason = GapReason.NO_AGENT,
    ) -> None:
        """Record gaps, without evaluating them."""
        number = await self.number(monitor)
        location_ids = [
            await self.installation.value("SELECT id FROM location WHERE code = $1", code) for code in locations
        ]
        now = to_ms(utc_now())
        await expect(
            self.db, [Expected(number, to_ms(due), location, purpose, reason, now) for location in location_ids]
        )
        await settle_checks(self.db)

    async def number(self, monitor: UUID) -> int:
        number: int = await self.installation.value("SELECT id FROM monitor WHERE public_id = $1", monitor)
        return number

    async def verdict(self, monitor: UUID) -> str:
        verdict: str = await self.installation.value(
            "SELECT verdict FROM monitor_state JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1", monitor
        )
        return verdict

    async def reason(self, monitor: UUID) -> str:
        state = await self.installation.value(
            "SELECT state FROM monitor_state JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1", monitor
        )
        return str(state["reason"])

    async def timeline(self, monitor: UUID) -> list[tuple[str, str]]:
        """Kind and severity of every change of the monitor's incidents."""
        return await self.installation.rows(
            "SELECT change.kind, change.severity FROM incident_change AS change"
            " JOIN incident ON incident.id = incident_id JOIN monitor ON monitor.id = incident.monitor_id"
            " WHERE monitor.public_id = $1 ORDER BY change.id",
            monitor,
        )

    async def waiting_evaluations(self) -> int:
        count: int = await self.installation.value("SELECT count(*) FROM evaluation")
        return count

    async def rechecks(self) -> int:
        count: int = await self.installation.value("SELECT count(*) FROM recheck WHERE location_ids IS NULL")
        return count


def _result(monitor: UUID, country: str, due: datetime, purpose: Purpose, letter: str) -> CheckResult:
    source = {"f": FailureSource.TARGET, "g": FailureSource.TARGET, "a": FailureSource.AGENT}.get(letter)
    result = a_result(monitor, country, due_at=due, purpose=purpose, source=source)
    if letter == "w":
        warning = CheckWarning(kind=WarningKind.SLOW, detail="2100 ms")
        return msgspec.structs.replace(result, warnings=[warning])
    if letter == "g":
        greylisted = Failure(
            kind=FailureKind.TEMPORARY_REFUSAL, source=FailureSource.TARGET, phase=Phase.GREETING, detail="450 later"
        )
        return msgspec.structs.replace(result, failure=greylisted)
    return result
