"""Ops are notified once of canaries that are lost, and of where they stop; not while nobody could answer them."""

from __future__ import annotations

import msgspec

from shared.nats.broker import Broker
from shared.nats.bus import Message
from shared.wire import subjects
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.fakes.ports import free_port
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import POLITE, none_left, target
from tests.integration.pipeline.canary_case import CanaryCase, canary_agent

LOST = ("Location de: canaries do not come back", False)
BACK = ("Location de: canaries come back again", True)


async def test_a_location_whose_agents_send_heartbeats_only_is_reported_after_three_canaries(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    await canary_case.heartbeat()
    for _ in range(3):
        await canary_case.round()
        await canary_case.watch.review()
        assert await canary_case.notices() == []
    await canary_case.round()
    for _ in range(3):
        await canary_case.watch.review()
    assert await canary_case.notices() == [LOST]
    assert "No agent fetches such requests" in await canary_case.text()
    async with canary_agent(canary_case, broker, certificates):
        await canary_case.round()
        await canary_case.answer()
        await canary_case.watch.review()
        assert await canary_case.notices() == [LOST, BACK]


async def test_one_kind_whose_requests_are_not_fetched_is_reported_by_name(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """A paused consumer stands for one that agents may not fetch from any more."""
    async with canary_agent(canary_case, broker, certificates):
        await canary_case.installation.bus.client.request(
            f"$JS.API.CONSUMER.PAUSE.CHECKS.{subjects.check_consumer('de', 'imap')}",
            msgspec.json.encode({"pause_until": "2999-01-01T00:00:00Z"}),
            timeout=15,
        )
        lost = 0
        while not await canary_case.notices():
            await canary_case.round()
            if any("imap" in subject for subject in await canary_case.waiting()):
                lost += 1
                await canary_case.installation.bus.client.jsm().purge_stream(subjects.CHECKS)  # as time does
            else:
                await canary_case.answer()
            await canary_case.watch.review()
            assert lost <= 3
    assert await canary_case.notices() == [LOST]
    assert "canaries for imap do not come back" in await canary_case.text()
    assert lost == 3


async def test_a_stuck_ingest_and_a_stuck_evaluator_are_reported_as_such(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    async with canary_agent(canary_case, broker, certificates):
        for _ in range(4):
            await canary_case.round()
            await none_left(canary_case.installation.bus)
        await canary_case.watch.review()
        assert await canary_case.notices() == [LOST]
        assert "results get lost, or are not stored" in await canary_case.text()
        await canary_case.answer()
        await canary_case.watch.review()
        assert await canary_case.notices() == [LOST, BACK]
        for _ in range(4):
            await canary_case.round()
            await canary_case.ingest()
        await canary_case.watch.review()
        assert await canary_case.notices() == [LOST, BACK, LOST]
        assert "stored, but not evaluated" in await canary_case.text()


async def test_a_silent_location_gets_no_canaries_and_no_notice_about_them(canary_case: CanaryCase) -> None:
    await canary_case.heartbeat()
    for _ in range(2):
        await canary_case.round()
    await canary_case.installation.value("UPDATE agent SET last_seen_at = now() - interval '40 s'")
    await canary_case.registry.refresh()
    for _ in range(5):
        await canary_case.round()
        await canary_case.watch.review()
    assert await canary_case.notices() == []
    assert await canary_case.installation.value("SELECT count(*) FROM canary") == 0


async def test_a_location_that_falls_silent_while_its_canaries_are_lost_is_not_reported_as_over(
    canary_case: CanaryCase,
) -> None:
    await canary_case.heartbeat()
    for _ in range(4):
        await canary_case.round()
    await canary_case.watch.review()
    await canary_case.installation.value("UPDATE agent SET last_seen_at = now() - interval '40 s'")
    await canary_case.registry.refresh()
    await canary_case.round()
    await canary_case.watch.review()
    assert await canary_case.notices() == [LOST]
    assert await canary_case.installation.value("SELECT count(*) FROM ops_notice") == 0


async def test_after_the_controllers_were_away_nothing_is_reported(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """The one canary that was on its way is all that is missed, however long they were away."""
    await canary_case.heartbeat()
    await canary_case.round()
    await canary_case.installation.value("UPDATE canary SET sent_at = sent_at - interval '1 hour', back_at = NULL")
    await canary_case.watch.review()
    async with canary_agent(canary_case, broker, certificates):
        for _ in KINDS:
            await canary_case.round()
            await canary_case.answer()
            await canary_case.watch.review()
    assert await canary_case.notices() == []


async def test_what_the_broker_refused_does_not_count_as_missed(canary_case: CanaryCase) -> None:
    await canary_case.heartbeat()
    manager = canary_case.installation.bus.client.jsm()
    config = (await manager.stream_info(subjects.CHECKS)).config
    await manager.update_stream(config.evolve(max_msgs=1, discard="new"))
    try:
        await canary_case.installation.bus.publish(Message(subjects.check("DE", "de", "smtp"), b"{}", "full"))
        for _ in range(6):
            await canary_case.round()
        await canary_case.watch.review()
    finally:
        await manager.update_stream(config.evolve(max_msgs=-1, discard="old"))
    assert await canary_case.notices() == []
    assert await canary_case.installation.rows("SELECT DISTINCT due_at, missed FROM canary") == [(None, 0)]


async def test_with_a_target_the_agent_holds_a_dialogue_and_ops_hear_of_its_failure(
    canary_case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    titles = ["The canary target fails from de", "The canary target works again from de"]
    async with canary_agent(canary_case, broker, certificates) as worker, playing(POLITE) as server:
        counted = list(worker._checker.counts.collect())
        canary_case.sender = canary_case.controller(target(server))
        await canary_case.round()
        await canary_case.answer()
        assert server.connections == 1
        canary_case.sender = canary_case.controller(msgspec.structs.replace(target(server), port=free_port()))
        for _ in range(3):
            assert await canary_case.notices() == []
            await canary_case.round()
            await canary_case.answer()
            await canary_case.watch.review()
        assert await canary_case.notices() == [(titles[0], False)]
        assert "The canary target fails from location de: refused in connect" in await canary_case.text()
        canary_case.sender = canary_case.controller(target(server))
        await canary_case.round()
        await canary_case.answer()
        await canary_case.watch.review()
        assert await canary_case.notices() == [(titles[0], False), (titles[1], True)]
        assert list(worker._checker.counts.collect()) == counted
