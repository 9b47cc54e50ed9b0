"""A monitor whose server three locations see, each in its way, for tests of the comparison."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.pipeline.comparer import compare_due
from controller.pipeline.evaluator import evaluate_due
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, PhaseTiming
from shared.wire.rounds import Purpose
from tests.integration.pipeline.evaluation_case import COUNTRIES, EvaluationCase
from tests.integration.pipeline.small_installation import a_result

_CERTIFICATE = {
    "certificateSubject": "CN=mail.example.org",
    "certificateIssuer": "CN=R3",
    "certificateNotAfter": "2027-01-01T00:00:00+00:00",
    "certificateNameValid": True,
}


class ComparisonCase:
    """What a location sees is written as a letter: `o`ffered STARTTLS, `m`issing, `x` mangled, refused a check that
    `n`eeds it, `a`nd `b` the server's certificates under TLS, `i` an interceptor's, `z` one whose issuer has NUL in its
    name, and `-` for no result.
    """

    def __init__(self, case: EvaluationCase) -> None:
        self.case = case
        self.db = case.db
        self._rounds: dict[UUID, int] = {}
        self._evaluated: datetime | None = None

    async def monitor(self, host: str = "mail.example.org") -> UUID:
        monitor = await self.case.monitor()
        await self.case.installation.value("UPDATE monitor SET hostname = $2 WHERE public_id = $1", monitor, host)
        return monitor

    async def rounds(self, monitor: UUID, letters: str, number: int = 1, *, address: str = "198.51.100.25") -> None:
        """Store some rounds and compare after each. They are over, unless one was evaluated before."""
        for _ in range(number):
            at = self._rounds[monitor] = self._rounds.get(monitor, 0) + 1
            due = self.case.began - timedelta(seconds=330 - 20 * at)
            if self._evaluated is not None:
                due = self._evaluated + timedelta(seconds=at)
            await self.store(monitor, letters, due, address=address)
            await self.compare()

    async def store(
        self,
        monitor: UUID,
        letters: str,
        due: Any,
        *,
        purpose: Purpose = Purpose.SCHEDULED,
        address: str = "198.51.100.25",
    ) -> None:
        results = [
            _seen(a_result(monitor, country, due_at=due, purpose=purpose), letter, address)
            for country, letter in zip(COUNTRIES, letters, strict=True)
            if letter != "-"
        ]
        await store_results(self.db, results)

    async def recheck(self, monitor: UUID, letters: str, *, address: str = "198.51.100.25") -> None:
        """Store the outcome of the recheck that is planned, and compare."""
        [(due,)] = await self.case.installation.rows(
            "DELETE FROM recheck USING monitor WHERE monitor.id = monitor_id AND public_id = $1 RETURNING due_at",
            monitor,
        )
        await self.store(monitor, letters, due, purpose=Purpose.RECHECK, address=address)
        await self.compare()

    async def confirm(self, monitor: UUID, letters: str, *, address: str = "198.51.100.25") -> None:
        await self.rounds(monitor, letters, 3, address=address)
        await self.recheck(monitor, letters, address=address)

    async def compare(self) -> None:
        """Compare what is due, and what would be due soon."""
        await compare_due(self.db)
        await self.case.installation.value(
            "UPDATE comparison SET check_at = now() - interval '1 s' WHERE check_at IS NOT NULL"
        )
        await compare_due(self.db)

    async def feed(self) -> list[tuple[str, str | None, str]]:
        """What changed, with the countries, the oldest first."""
        rows = await self.case.installation.rows(
            "SELECT change, COALESCE(fact, finding), countries FROM fact_change ORDER BY id"
        )
        return [(change, name, " ".join(countries)) for change, name, countries in rows]

    async def suspicions(self) -> list[tuple[str, str, bool, bool]]:
        """Location, kind, whether it is confirmed, and whether it is said."""
        return await self.case.installation.rows(
            "SELECT code, kind, confirmed_at IS NOT NULL, said FROM suspicion"
            " JOIN location ON location.id = location_id ORDER BY code, kind, monitor_id"
        )

    async def evaluated(self, monitor: UUID, letters: str) -> str:
        """The verdict after a round that is due now."""
        self._evaluated = utc_now()
        await self.store(monitor, letters, self._evaluated)
        await evaluate_due(self.db)
        return await self.case.verdict(monitor)


def _seen(result: CheckResult, letter: str, address: str) -> CheckResult:
    facts: dict[str, Any] = {"greeting": "mail.example.org ESMTP Postfix", "capabilities": ["PIPELINING", "SIZE"]}
    phases = [Phase.GREETING, Phase.EHLO]
    failure = None
    match letter:
        case "o":
            facts["capabilities"] = ["PIPELINING", "SIZE", "STARTTLS"]
        case "x":
            facts["capabilities"] = ["PIPELINING", "SIZE", "XXXXXXXA"]
        case "n":
            failure = Failure(
                kind=FailureKind.STARTTLS_MISSING, source=FailureSource.TARGET, phase=Phase.STARTTLS, detail="none"
            )
            phases.append(Phase.STARTTLS)
        case "a" | "b" | "i" | "z":
            facts |= _CERTIFICATE | {
                "certificateIssuer": "CN=R\0" if letter == "z" else "CN=R3",
                "tlsVersion": "TLSv1.3",
                "certificateSha256": letter * 64,
                "certificateChainValid": letter != "i",
            }
            phases += [Phase.STARTTLS, Phase.TLS, Phase.EHLO]
    timings = [PhaseTiming(phase=phase, start_ms=10.0 * at, duration_ms=5.0) for at, phase in enumerate(phases)]
    return msgspec.structs.replace(result, facts=facts, phases=timings, failure=failure, address=address)
