"""Logins of earlier versions share an account. There too, the answers that the broker sends to any subject that a
client names, with its own rights, change no stream and reach no controller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from controller.broker.streams import ensure_check_consumer, ensure_event_consumer
from controller.trust.claims import location_credentials, subscriber_credentials
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.fakes.installation import of_earlier_version
from tests.integration.trust.site import logged_in

NEXT = "$JS.API.CONSUMER.MSG.NEXT"
ORGANIZATION, CUSTOMER, MONITOR = UUID(int=1), UUID(int=2), UUID(int=3)
TARGETS = [
    *(f"$JS.API.STREAM.DELETE.{stream}" for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)),
    *(f"$JS.API.STREAM.PURGE.{stream}" for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)),
    *("$JS.API.CONSUMER.DELETE.CHECKS.us-smtp", subjects.check("US", "us", "smtp"), subjects.result("US", "us")),
    *(subjects.event(ORGANIZATION, CUSTOMER, MONITOR, "result"), subjects.agent("US", "us", "one")),
]
REQUEST_BODIES = [
    pytest.param(b'{"batch":1,"no_wait":true}', id="the next message, without waiting"),
    pytest.param(b'{"batch":1,"expires":50000000}', id="the next message, within a time"),
    pytest.param(b"bogus", id="a bad request"),
]
ANSWERED = [pytest.param(word, id=word.decode()) for word in (b"+ACK", b"-NAK", b"+WPI", b"+TERM", b"+NXT")]


@pytest.fixture
async def ready(bus: Bus) -> Bus:
    """The streams with consumers of two locations and one subscriber, requests for DE, and events."""
    for country in ("DE", "US"):
        for kind in ("smtp", "pop3"):
            await ensure_check_consumer(bus, country=country, location=country.lower(), kind=kind)
    await ensure_event_consumer(bus, durable="sub-test", subject=subjects.events_of(ORGANIZATION, CUSTOMER))
    for number in range(2 * len(TARGETS)):
        await bus.publish(Message(subjects.check("DE", "de", "smtp"), b"request", f"check {number}"))
        event = subjects.event(ORGANIZATION, CUSTOMER, MONITOR, "result")
        await bus.publish(Message(event, b"event", f"event {number}"))
    return bus


@pytest.fixture
async def agent(nats_url: str, installation: Trust, ready: Bus) -> AsyncIterator[Client]:
    credentials = location_credentials(installation, location="de", country="DE", now=utc_now())
    async with logged_in(
        nats_url, of_earlier_version(installation, credentials), [], inbox=subjects.inbox_at("de")
    ) as client:
        yield client


@pytest.fixture
async def subscriber(nats_url: str, installation: Trust, ready: Bus) -> AsyncIterator[Client]:
    credentials = subscriber_credentials(
        installation,
        name="test",
        subject=subjects.events_of(ORGANIZATION, CUSTOMER),
        durable="sub-test",
        now=utc_now(),
        until=utc_now() + timedelta(hours=1),
    )
    async with logged_in(
        nats_url, of_earlier_version(installation, credentials), [], inbox=subjects.inbox("sub-test")
    ) as client:
        yield client


async def stored(bus: Bus) -> dict[str, tuple[int, int]]:
    """The last sequence of each stream and its consumers; reading changes neither."""
    found = await bus.client.jsm().streams_info()
    return {str(each.config.name): (each.state.last_seq, each.state.consumer_count) for each in found}


async def received_elsewhere(bus: Bus, seconds: float) -> list[str]:
    """The subjects of heartbeats that arrive at a controller meanwhile, because of what a client sent."""
    received: list[str] = []

    async def record(message: Msg) -> None:
        received.append(message.subject)

    subscription = await bus.client.subscribe(subjects.ALL_AGENTS, cb=record)
    await asyncio.sleep(seconds)
    await subscription.unsubscribe()
    return received


@pytest.mark.parametrize("body", REQUEST_BODIES)
async def test_replies_to_an_agents_requests_cannot_be_sent_elsewhere(agent: Client, ready: Bus, body: bytes) -> None:
    before = await stored(ready)
    for target in TARGETS:
        await agent.publish(f"{NEXT}.CHECKS.de-pop3", body, reply=target)
        await agent.publish(f"{NEXT}.CHECKS.de-smtp", body, reply=target)
    await agent.flush()
    assert await received_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before


@pytest.mark.parametrize("body", REQUEST_BODIES)
async def test_replies_to_a_subscribers_requests_cannot_be_sent_elsewhere(
    subscriber: Client, ready: Bus, body: bytes
) -> None:
    before = await stored(ready)
    for target in TARGETS:
        for call in ("MSG.NEXT", "INFO"):
            subject = f"$JS.{subjects.DOMAIN}.API.CONSUMER.{call}.EVENTS.sub-test"
            await subscriber.publish(subject, body, reply=target)
    await subscriber.flush()
    assert await received_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before


@pytest.mark.parametrize("word", ANSWERED)
async def test_replies_to_an_acknowledgement_cannot_be_sent_elsewhere(agent: Client, ready: Bus, word: bytes) -> None:
    pulled = await agent.jetstream().pull_subscribe_bind(durable="de-smtp", stream=subjects.CHECKS)
    messages = await pulled.fetch(len(TARGETS), timeout=20)
    assert len(messages) == len(TARGETS)
    before = await stored(ready)
    for message, target in zip(messages, TARGETS, strict=True):
        await agent.publish(message.reply, word, reply=target)
    await agent.flush()
    assert await received_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before
