"""What the broker no longer has comes from the database: marked, in order, complete, and only to those who may see it.
What is gone for good is said once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from controller.pipeline.event_relay import relay_events
from controller.pipeline.retention.kept_stream import forget_events, mark_position
from controller.store.events import outbox
from controller.store.events.outbox import NewEvent
from controller.streaming.hub import HubLimits
from shared.clock import utc_now
from shared.epoch import to_ms, to_text
from shared.nats.bus import Bus
from shared.wire import json_times, subjects
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER, Api
from tests.integration.api.stored_history import Stored, store
from tests.integration.api.stream.stream_client import (
    EVENTS,
    RESULTS,
    STREAM,
    Block,
    Listener,
    StreamClient,
    a_verdict,
    an_event,
    ids,
    open_streams,
)

NO_RING = HubLimits(ring_events=1)


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


@pytest.fixture
async def streams(api: Api, bus: Bus) -> AsyncIterator[StreamClient]:
    await api.value("TRUNCATE stream_mark, kept_event, event_outbox")
    async with open_streams(api, bus, limits=NO_RING) as streams:
        await mark_position(api.database, bus)
        await api.value("UPDATE stream_mark SET at = now() - interval '1 day'")
        yield streams


async def publish_verdict(streams: StreamClient, customer: str = CUSTOMER) -> str:
    """Publish a verdict as the evaluator does, through the outbox."""
    verdict = a_verdict(customer=customer)
    subject = subjects.event(UUID(ORGANIZATION), UUID(customer), verdict.monitor_id, "verdict")
    async with streams.api.database.transaction() as connection:
        await outbox.insert(connection, [NewEvent(verdict.event_id, subject, json_times.encode(verdict))])
    await relay_events(streams.api.database, streams.bus)
    return str(verdict.event_id)


async def expire(streams: StreamClient) -> None:
    """Remove all events from EVENTS, as after a day."""
    await streams.bus.client.jsm().purge_stream(subjects.EVENTS)


async def up_to(listener: Listener, event_id: str) -> list[Block]:
    found: list[Block] = []
    while not found or found[-1].json.get("eventId") != event_id:
        found.append(await listener.event())
    return found


def checks(stored: Stored, *monitors: dict[str, object]) -> set[str]:
    return {str(check.check_id) for monitor in monitors for check in stored.checks(monitor)}


async def test_a_stream_from_a_moment_has_everything_since_then_and_goes_on(
    api: Api, streams: StreamClient, stored: Stored
) -> None:
    kept = [await publish_verdict(streams) for _ in range(3)]
    since = stored.began + timedelta(minutes=10)
    async with streams.listen(STREAM, {"from": to_text(since), "type": "result,verdict"}) as listener:
        replayed = await up_to(listener, kept[-1])
        live = await streams.publish(an_event())
        [after] = await listener.events(1)
    assert all(block.json["replayed"] for block in replayed)
    assert "replayed" not in after.json
    assert after.json["eventId"] == str(live.event_id)
    results = [block.json for block in replayed if block.event == "result"]
    assert [event["result"]["dueAt"] for event in results] == sorted(event["result"]["dueAt"] for event in results)
    expected = {
        str(check.check_id)
        for monitor in (stored.smtp, stored.imap, stored.other)
        for check in stored.checks(monitor)
        if check.due_at >= since
    }
    assert {event["eventId"] for event in results} == expected
    assert len(results) == len(expected)
    assert [block.json["eventId"] for block in replayed if block.event == "verdict"] == kept
    blind = [event for event in results if event["status"] == "unknown"]
    assert blind
    assert blind[0]["result"]["failure"]["source"] == "agent"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param(STREAM, {"customer": OTHER_CUSTOMER, "type": "result"}, id="a customer"),
        pytest.param(RESULTS, {"customerId": OTHER_CUSTOMER, "status": "failure"}, id="a customer and a status"),
        pytest.param(RESULTS, {"customerId": OTHER_CUSTOMER, "country": "DE", "status": "failure"}, id="a country"),
    ],
)
async def test_a_filter_holds_for_what_is_replayed(
    streams: StreamClient, stored: Stored, path: str, query: dict[str, str]
) -> None:
    await publish_verdict(streams, OTHER_CUSTOMER)
    async with streams.listen(path, query, last=f"replay-{to_ms(stored.began)}") as listener:
        own = [check for check in stored.checks(stored.other) if "status" not in query or check.status == "failure"]
        own = [check for check in own if "country" not in query or check.country == "DE"]
        found = await listener.events(len(own))
        live = await streams.publish_many(1, customer=OTHER_CUSTOMER)
        assert set(ids(found)) == {str(check.check_id) for check in own}
        if "status" not in query:
            assert ids([await listener.event()]) == live


async def test_nobody_is_sent_what_another_customer_or_organization_has(
    api: Api, streams: StreamClient, stored: Stored
) -> None:
    await publish_verdict(streams, OTHER_CUSTOMER)
    own = await publish_verdict(streams)
    for token, reached in (
        (api.customer_token, checks(stored, stored.smtp, stored.imap)),
        (api.strange_token, checks(stored, stored.strange)),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        query = {"from": to_text(stored.began), "type": "result,verdict"}
        async with streams.listen(STREAM, query, headers=headers) as listener:
            found = set(ids(await listener.events(len(reached) + (token == api.customer_token))))
            assert found - {own} == reached
            assert (own in found) is (token == api.customer_token)


async def test_a_client_that_was_away_for_longer_than_the_broker_keeps_events_misses_nothing(
    api: Api, streams: StreamClient, stored: Stored
) -> None:
    await streams.publish_many(1)
    verdicts = [await publish_verdict(streams) for _ in range(5)]
    await expire(streams)
    verdicts.append(await publish_verdict(streams))
    async with streams.listen(EVENTS, {"type": "result,verdict"}, last=streams.id_of(0)) as listener:
        found = await up_to(listener, verdicts[-1])
        again = await streams.publish_many(1)
        while found[-1].json["eventId"] != again[0]:
            found.append(await listener.event())
    assert "gap" not in {block.event for block in found}
    assert [block.json["eventId"] for block in found if block.event == "verdict"][:6] == verdicts
    assert checks(stored, stored.smtp, stored.imap, stored.other) <= set(ids(found))


async def test_a_client_can_break_off_and_resume_in_the_middle_of_a_replay(
    streams: StreamClient, stored: Stored
) -> None:
    expected = checks(stored, stored.smtp)
    query = {"monitor": stored.smtp["publicId"]}
    received, live, last = set[str](), list[str](), f"replay-{to_ms(stored.began)}"
    while last.startswith("replay"):
        async with streams.listen(RESULTS, query, last=last) as listener:
            if not received:
                live = await streams.publish_many(7, monitor=UUID(query["monitor"]))
            for block in await listener.events(7):
                received.add(block.json["eventId"])
                last = block.id
    assert expected <= received
    assert received - expected <= set(live), "what came meanwhile follows the replay"


async def test_what_is_not_kept_is_said_once_and_by_type(api: Api, streams: StreamClient, stored: Stored) -> None:
    long_ago = utc_now() - timedelta(days=500)
    async with streams.listen(STREAM, {"from": to_text(long_ago), "monitor": stored.smtp["publicId"]}) as listener:
        blocks = [await listener.event() for _ in range(4)]
    lost, gaps, others, first = blocks
    assert [block.json.get("reason") for block in (lost, gaps, others)] == ["not_kept"] * 3
    assert (lost.json["types"], gaps.json["types"]) == (None, ["gap"])
    assert {"verdict", "incident"} <= set(others.json["types"])
    assert lost.json["from"].startswith(f"replay-{to_ms(long_ago)}-")
    assert (first.event, first.json["replayed"]) == ("result", True)


async def test_kept_events_are_removed_with_the_results(api: Api, streams: StreamClient) -> None:
    for _ in range(2):
        await publish_verdict(streams)
    await api.value("UPDATE kept_event SET at = now() - interval '40 days' WHERE id = (SELECT min(id) FROM kept_event)")
    await forget_events(api.database)
    assert await api.value("SELECT count(*) FROM kept_event") == 1
    assert await api.value("SELECT count(*) FROM stream_mark") == 1


async def test_a_wrong_beginning_is_refused(streams: StreamClient) -> None:
    later = to_text(utc_now() + timedelta(hours=1))
    for value in ("yesterday", later):
        answer = await streams.api.client.get(STREAM, params={"from": value})
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == ["from"]
    answer = await streams.api.client.get(STREAM, params={"customer": "1", "type": "gap"})
    assert answer.json()["errors"][0]["field"] == "customer"
