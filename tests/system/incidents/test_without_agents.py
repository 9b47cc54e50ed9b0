"""Every agent is dead: ops are warned, customers are not, and results that come too late are stored as history only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest

from agent.intake.outbox import Outbox
from deploy.local.data import DataFolder
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Bus
from shared.nats.credentials import parse
from shared.nats.location_signing import LocationSigner
from shared.wire import enrolment, subjects
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id, next_due_ms
from tests.fakes.installation import recorded
from tests.system import monitors
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import CUSTOMER, HOME, OPS, Watch, Watched
from tests.system.product import Product, eventually

UNKNOWN_SECONDS = 90
NOTIFIED_SECONDS = 120
"""A location must be silent for 60 s; the warning waits for others that are about to be, to name them together."""

TOO_LATE_MS = 17_000
"""A check may begin 5 s late, take 5 s, and its result 5 s more; the rest is reserve."""

_INTERVAL_MS = monitors.INTERVAL_SECONDS * 1000
_ROUNDS = 3


class WithoutAgents(NamedTuple):
    hotel: Watch
    since_ms: int
    mails_before: int


@pytest.fixture(scope="module")
def without_agents(watched: Watched) -> Iterator[WithoutAgents]:
    """A healthy mail server that was up when every agent was killed."""
    with running_mail_server() as server:
        hotel = watched.watch("hotel", server.port)
        eventually(lambda: watched.verdict(hotel) == "up", "the verdict is up")
        before = len(watched.mail.to(CUSTOMER))
        with watched.without_agents():
            yield WithoutAgents(hotel, now_ms(), before)
        eventually(lambda: watched.verdict(hotel) == "up", "up again")
        if watched.mail.to(OPS):
            assert len(eventually(lambda: watched.mail.to(OPS)[1:], "ops are notified of the end")) == 1
        assert watched.incidents(hotel) == []
        assert watched.nobody_notified(hotel)


def test_late_failures_from_a_spool_are_history_only(watched: Watched, without_agents: WithoutAgents) -> None:
    """Every location reports too late that it could not connect. In time, these rounds would be an outage."""
    hotel, since_ms, _ = without_agents
    eventually(lambda: now_ms() > since_ms + _ROUNDS * _INTERVAL_MS + TOO_LATE_MS, "the rounds are over")
    monitor = UUID(hotel.public_id)
    due_ms, spool = since_ms, list[CheckResult]()
    for _ in range(_ROUNDS):
        due_ms = next_due_ms(monitor, _INTERVAL_MS, since_ms, due_ms)
        assert due_ms < now_ms() - TOO_LATE_MS
        spool += [_refused(monitor, due_ms, country) for country in HOME]
    asyncio.run(_hand_in(watched.product, spool))

    def stored() -> list[monitors.Check]:
        found = monitors.history(watched.product, hotel.public_id)
        failed = [check for check in found if check["status"] == "failure"]
        return failed if len(failed) == len(spool) else []

    found = eventually(stored, "all are in the history")
    assert {check["failure"]["kind"] for check in found} == {"refused"}
    eventually(lambda: watched.verdict(hotel) == "unknown", "the verdict is unknown", UNKNOWN_SECONDS)
    eventually(lambda: not watched.query("SELECT count(*) FROM evaluation WHERE ripe_at < now()"), "all is evaluated")
    assert watched.verdict(hotel) == "unknown"
    assert watched.incidents(hotel) == []
    assert watched.nobody_notified(hotel)


def test_dead_agents_make_the_verdict_unknown_and_are_reported_to_ops_only(
    watched: Watched, without_agents: WithoutAgents
) -> None:
    hotel, _, before = without_agents
    eventually(lambda: watched.verdict(hotel) == "unknown", "the verdict is unknown", UNKNOWN_SECONDS)
    [mail] = eventually(lambda: watched.mail.to(OPS), "ops are warned", NOTIFIED_SECONDS)
    subject = str(mail.message["Subject"])
    assert all(country.lower() in subject for country in watched.countries), subject
    assert watched.incidents(hotel) == []
    assert watched.nobody_notified(hotel)
    assert len(watched.mail.to(CUSTOMER)) == before


def _refused(monitor: UUID, due_ms: int, country: str) -> CheckResult:
    """The result of an agent if nothing had listened on the mail server's port then."""
    location, due_at = country.lower(), to_datetime(due_ms)
    return CheckResult(
        check_id=check_id(monitor, due_ms, location, Purpose.SCHEDULED),
        monitor_id=monitor,
        location=location,
        country=country,
        agent="spooled-1",
        purpose=Purpose.SCHEDULED,
        due_at=due_at,
        started_at=due_at + timedelta(milliseconds=40),
        duration_ms=1.5,
        failure=Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT),
    )


async def _hand_in(product: Product, spool: list[CheckResult]) -> None:
    """Send the results as an agent does when it reaches its broker again."""
    async with Bus.open(recorded(product.record), name="spool") as bus:
        await bus.wait_connected()
        for result in spool:
            file = enrolment.read(DataFolder(product.data).enrolment(result.location))
            signer = LocationSigner(parse(file.nats_credentials.reveal()).seed)
            outbox = Outbox(subjects.result(result.country, result.location), bus.publish, signer)
            await outbox.send(result.check_id, msgspec.json.encode(result))
