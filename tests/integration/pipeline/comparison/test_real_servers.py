"""Real checks of a real server that one location sees through a device that tampers with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from agent.checks.runner import ProbeContext, run_check
from controller.store.checks.results import store_results
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import HOST, Certificates
from tests.fakes.context import context, request
from tests.integration.pipeline.comparison.comparison_case import ComparisonCase
from tests.integration.pipeline.comparison.faced_smtp import Face, FacedServer
from tests.integration.pipeline.evaluation_case import COUNTRIES

_HOSTS = {"127.0.0.1": "mail.example.org", "127.0.1.1": "mx.example.net", "127.0.2.1": "smtp.example.com"}


class Checking:
    """Checks servers from three locations, each with a name of its own in EHLO, and compares after each round."""

    def __init__(self, comparison: ComparisonCase, probe: ProbeContext, certificates: Certificates) -> None:
        self.comparison = comparison
        self._probe = probe
        self._certificates = certificates
        self._round = 0

    async def confirm(self, faces: Mapping[str, Face], addresses: int = 1) -> list[UUID]:
        """Three rounds and the recheck of a monitor for each of so many servers."""
        monitors: dict[UUID, tuple[str, FacedServer]] = {}
        async with AsyncExitStack() as stack:
            for address, host in list(_HOSTS.items())[:addresses]:
                server = await stack.enter_async_context(FacedServer(self._certificates).serving(address))
                server.faces = {f"{country.lower()}.probe.test": face for country, face in faces.items()}
                monitors[await self.comparison.monitor(host)] = address, server
            for _ in range(3):
                self._round += 1
                due = self.comparison.case.began - timedelta(seconds=330 - 20 * self._round)
                for monitor, (address, server) in monitors.items():
                    found = [await self._seen(monitor, country, address, server) for country in COUNTRIES]
                    await self._store(found, due_at=due)
            planned = await self.comparison.case.installation.rows(
                "SELECT public_id, due_at FROM recheck JOIN monitor ON monitor.id = monitor_id ORDER BY monitor.id"
            )
            for monitor, due in planned:
                address, server = monitors[monitor]
                found = [await self._seen(monitor, country, address, server) for country in COUNTRIES]
                await self._store(found, due_at=due, purpose=Purpose.RECHECK)
        return list(monitors)

    async def _store(self, found: list[CheckResult], **fields: object) -> None:
        await store_results(self.comparison.db, [msgspec.structs.replace(one, **fields) for one in found])
        await self.comparison.compare()

    async def _seen(self, monitor: UUID, country: str, address: str, server: FacedServer) -> CheckResult:
        target = SmtpTarget(
            host=HOST,
            port=server.port,
            address=address,
            tls=TlsMode.OPPORTUNISTIC,
            ehlo_name=f"{country.lower()}.probe.test",
        )
        here = msgspec.structs.replace(self._probe, location=country.lower(), country=country)
        return await run_check(request(target, monitor_id=monitor), here)


@pytest.fixture
async def checking(comparison: ComparisonCase, certificates: Certificates) -> AsyncIterator[Checking]:
    async with context(certificates) as probe:
        yield Checking(comparison, probe, certificates)


@pytest.mark.parametrize(
    ("face", "finding"),
    [
        (Face.STRIPPED, "downgrade_suspected"),
        (Face.MANGLED, "starttls_stripped"),
        (Face.REFUSED, "starttls_stripped"),
        (Face.INTERCEPTED, "interception_suspected"),
    ],
)
async def test_what_one_location_sees_alone_is_found(checking: Checking, face: Face, finding: str) -> None:
    await checking.confirm({"FR": face})
    assert await checking.comparison.suspicions() == [("fr", finding, True, True)]
    assert await checking.comparison.feed() == [("began", finding, "FR")]


async def test_a_server_that_shows_everybody_the_same_is_no_finding(checking: Checking) -> None:
    await checking.confirm(dict.fromkeys(COUNTRIES, Face.STRIPPED))
    assert await checking.comparison.suspicions() == []


async def test_a_location_whose_network_strips_everywhere_is_a_probe_problem_and_no_verdict(checking: Checking) -> None:
    monitors = await checking.confirm({"FR": Face.STRIPPED}, addresses=3)
    assert await checking.comparison.suspicions() == [("fr", "downgrade_suspected", True, False)] * 3
    assert await checking.comparison.feed() == []
    assert await checking.comparison.case.installation.value("SELECT count(*) FROM probe_problem") == 3
    assert await checking.comparison.evaluated(monitors[0], "omo") == "up"
