"""Requests that are due together travel in one message, where every agent reads that."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest
from nats.js.api import DiscardPolicy

from controller.broker.streams import ensure_check_consumer
from controller.decisions.schedule.rounds import SLOT_MS, PlannedCheck
from controller.metrics.counts import Counts
from controller.model import Location, ScheduledMonitor
from controller.pipeline.dispatcher import Dispatcher, expected
from controller.pipeline.housekeeping import settle_checks
from controller.store.checks.dispatch import expect
from controller.store.locations.locations import present_locations
from controller.store.monitors.scheduled import scheduled_monitors
from controller.vault import Vault, VaultKeys
from shared.clock import now_ms
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.batches import MOST_REQUESTS, requests_in
from shared.wire.messages import BATCHES, CANARY, CheckRequest
from shared.wire.rounds import Purpose, check_id
from shared.wire.signing import SIGNATURE
from shared.wire.targets import KINDS
from tests.fakes.installation import SIGNER, VERIFIER
from tests.integration.pipeline.scheduling import KEY, controller
from tests.integration.pipeline.small_installation import SmallInstallation, eventually


class TogetherCase:
    """A dispatcher, a location in DE whose agents read several requests in a message, and one in US whose do not."""

    def __init__(self, installation: SmallInstallation) -> None:
        self.installation = installation
        self.counts = Counts()
        self.dispatcher = self.another_dispatcher()
        self.here: Location
        self.elsewhere: Location

    def another_dispatcher(self) -> Dispatcher:
        return Dispatcher(self.installation.db, self.installation.bus, Vault(VaultKeys(KEY)), SIGNER, self.counts)

    async def begin(self) -> None:
        by_code = {here.code: here for here in await present_locations(self.installation.db)}
        self.here = msgspec.structs.replace(by_code["de"], reads=frozenset({BATCHES}))
        self.elsewhere = by_code["us"]
        for here in by_code.values():
            for kind in KINDS:
                await ensure_check_consumer(
                    self.installation.bus, country=here.country_code, location=here.code, kind=kind
                )

    async def monitors(self, count: int, *, kind: str = "smtp", interval: int = 3600) -> list[ScheduledMonitor]:
        for _ in range(count):
            await self.installation.monitor(kind=kind, interval=interval, due_in=(0, interval))
        return sorted(await scheduled_monitors(self.installation.db), key=lambda monitor: monitor.id)[-count:]

    async def messages(self, country: str = "DE", kind: str = "smtp") -> list[list[CheckRequest]]:
        """The requests in each message for a location, whose signatures are valid."""
        consumer = await self.installation.bus.consumer(subjects.CHECKS, subjects.check_consumer(country.lower(), kind))
        deliveries = await consumer.fetch(500, 0.3)
        for delivery in deliveries:
            await delivery.ack()
        await consumer.close()
        return [_requests(delivery) for delivery in deliveries]


def _requests(delivery: Delivery) -> list[CheckRequest]:
    VERIFIER.verify(delivery.subject, delivery.body, str(delivery.header(SIGNATURE)))
    return [msgspec.json.decode(body, type=CheckRequest) for body in requests_in(delivery.body)]


def _checks(
    monitors: Sequence[ScheduledMonitor], here: Location, due_ms: int, purpose: Purpose = Purpose.SCHEDULED
) -> list[PlannedCheck]:
    return [PlannedCheck(monitor, due_ms, here, purpose) for monitor in monitors]


@pytest.fixture
async def case(small_installation: SmallInstallation) -> TogetherCase:
    case = TogetherCase(small_installation)
    await case.begin()
    return case


async def test_checks_of_one_slot_location_and_kind_travel_together_and_no_others(case: TogetherCase) -> None:
    smtp, pop3 = await case.monitors(5), await case.monitors(2, kind="pop3")
    slot = now_ms() // SLOT_MS * SLOT_MS
    checks = [
        *_checks(smtp[:3], case.here, slot),
        *_checks(smtp[3:], case.here, slot + SLOT_MS - 1),
        *_checks(smtp[:2], case.here, slot + SLOT_MS),
        *_checks(pop3, case.here, slot),
        *_checks(smtp, case.elsewhere, slot),
    ]
    await case.dispatcher.dispatch(checks)
    there = await case.messages()
    assert Counter(len(message) for message in there) == {5: 1, 2: 1}
    assert [len(message) for message in await case.messages(kind="pop3")] == [2]
    assert [len(message) for message in await case.messages("US")] == [1] * 5
    assert {request.check_id for message in there for request in message} == {
        check_id(check.monitor.public_id, check.due_ms, "de", Purpose.SCHEDULED)
        for check in checks
        if check.location is case.here and check.monitor.kind == "smtp"
    }


async def test_a_message_has_no_more_than_sixteen_and_each_check_is_in_one(case: TogetherCase) -> None:
    monitors = await case.monitors(37)
    await case.dispatcher.dispatch(_checks(monitors, case.here, now_ms()))
    messages = await case.messages()
    assert sorted(map(len, messages)) == [5, MOST_REQUESTS, MOST_REQUESTS]
    assert Counter(request.monitor_id for message in messages for request in message) == {
        monitor.public_id: 1 for monitor in monitors
    }


async def test_another_leader_makes_the_same_messages_which_the_broker_drops(case: TogetherCase) -> None:
    checks = _checks(await case.monitors(20), case.here, now_ms())
    await case.dispatcher.dispatch(checks)
    await case.another_dispatcher().dispatch(checks[7:] + checks[:7])
    assert sorted(map(len, await case.messages())) == [4, 16]


async def test_a_triggered_check_travels_alone(case: TogetherCase) -> None:
    [monitor] = await case.monitors(1)
    await case.dispatcher.dispatch_triggered(monitor, [case.here])
    await case.dispatcher.dispatch(_checks([monitor], case.here, now_ms()))
    assert [len(message) for message in await case.messages()] == [1, 1]


async def test_the_message_expires_with_the_last_of_its_checks(case: TogetherCase) -> None:
    short, long = await case.monitors(1, interval=10), await case.monitors(1, interval=3600)
    await case.dispatcher.dispatch(_checks([*short, *long], case.here, now_ms()))
    manager = case.installation.bus.client.jsm()
    message = await manager.get_msg(subjects.CHECKS, (await manager.stream_info(subjects.CHECKS)).state.first_seq)
    assert message.headers
    assert 30 < int(message.headers["Nats-TTL"]) <= 60, "the shorter one may begin for five seconds only"


async def test_what_a_full_stream_refused_becomes_gaps_check_by_check(case: TogetherCase) -> None:
    """The checks with the shorter interval may begin for five seconds only; the others go when there is room again."""
    bus = case.installation.bus
    manager = bus.client.jsm()
    config = (await manager.stream_info(subjects.CHECKS)).config
    await manager.update_stream(config.evolve(max_bytes=1, discard=DiscardPolicy.NEW))
    short, long = await case.monitors(2, interval=10), await case.monitors(3, interval=3600)
    checks = _checks([*short, *long], case.here, now_ms() - 4_000)
    await expect(case.installation.db, [expected(check) for check in checks])
    dispatching = asyncio.create_task(case.dispatcher.dispatch(checks))

    async def two_lost() -> bool:
        return case.counts.dispatch_lost.figures(())[0] == 2

    await eventually(two_lost)
    await manager.update_stream(config)
    await asyncio.wait_for(dispatching, 30)
    [message] = await case.messages()
    assert {request.monitor_id for request in message} == {monitor.public_id for monitor in long}
    await settle_checks(case.installation.db)
    gaps = await case.installation.rows("SELECT monitor_id, reason FROM gap")
    assert sorted(gaps) == [(monitor.id, "broker_refused") for monitor in short]


_AT_ONE_MOMENT = """
UPDATE monitor SET target_changed_at = (SELECT max(target_changed_at) FROM monitor)
WHERE id > (SELECT max(id) - 3 FROM monitor)
"""


async def test_agents_of_an_earlier_version_keep_a_location_to_single_requests(
    small_installation: SmallInstallation, database_url: str
) -> None:
    """Until the last one of them is gone for five minutes, because it may fetch what was sent to the others."""
    async with controller(small_installation, database_url, ready=()):
        await small_installation.heartbeat("DE", "older", reads=(CANARY,))
        await small_installation.heartbeat("DE", "newer", reads=(BATCHES, CANARY))
        await small_installation.heartbeats_taken()
        due: set[UUID] = set()

        async def largest() -> int:
            """Of the messages that request the first rounds of three new monitors."""
            due.update([await small_installation.monitor(interval=3600, countries=["DE"]) for _ in range(3)])
            await small_installation.value(_AT_ONE_MOMENT)
            found: list[int] = []
            seen: set[UUID] = set()

            async def all_seen() -> bool:
                consumer = await small_installation.bus.consumer(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
                for delivery in await consumer.fetch(100, 0.1):
                    requests = _requests(delivery)
                    found.append(len(requests))
                    seen.update(request.monitor_id for request in requests)
                    await delivery.ack()
                await consumer.close()
                return due <= seen

            await eventually(all_seen)
            due.clear()
            return max(found)

        assert await largest() == 1
        older = "UPDATE agent SET last_seen_at = clock_timestamp() - interval '301 seconds' WHERE name = 'older'"
        await small_installation.value(older)

        async def together() -> bool:
            return await largest() > 1

        await eventually(together)
        await small_installation.heartbeat("DE", "older", reads=(CANARY,))

        async def alone() -> bool:
            return await largest() == 1

        await eventually(alone)
