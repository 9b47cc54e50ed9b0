"""The broker answers wherever a client tells it to, with rights of its own: nothing can be done or told by that."""

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
from tests.integration.trust.site import logged_in

NEXT = "$JS.API.CONSUMER.MSG.NEXT"
ORGANIZATION, CUSTOMER, MONITOR = UUID(int=1), UUID(int=2), UUID(int=3)
TARGETS = [
    *(f"$JS.API.STREAM.DELETE.{stream}" for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)),
    *(f"$JS.API.STREAM.PURGE.{stream}" for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)),
    *("$JS.API.CONSUMER.DELETE.CHECKS.us-smtp", subjects.check("US", "us", "smtp"), subjects.result("US", "us")),
    *(subjects.event(ORGANIZATION, CUSTOMER, MONITOR, "result"), subjects.agent("US", "us", "one")),
]
ASKED = [
    pytest.param(b'{"batch":1,"no_wait":true}', id="nothing there, or the next message"),
    pytest.param(b'{"batch":1,"expires":50000000}', id="nothing there in time"),
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
        await bus.publish(Message(subjects.check("DE", "de", "smtp"), b"asked", f"check {number}"))
        event = subjects.event(ORGANIZATION, CUSTOMER, MONITOR, "result")
        await bus.publish(Message(event, b"told", f"event {number}"))
    return bus


@pytest.fixture
async def agent(nats_url: str, installation: Trust, ready: Bus) -> AsyncIterator[Client]:
    credentials = location_credentials(installation, location="de", country="DE", now=utc_now())
    async with logged_in(nats_url, credentials, [], inbox=subjects.inbox_at("de")) as client:
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
    async with logged_in(nats_url, credentials, [], inbox=subjects.inbox("sub-test")) as client:
        yield client


async def stored(bus: Bus) -> dict[str, tuple[int, int]]:
    """Of each stream the highest sequence it ever gave, and its consumers: neither is changed by reading."""
    found = await bus.client.jsm().streams_info()
    return {str(each.config.name): (each.state.last_seq, each.state.consumer_count) for each in found}


async def heard_elsewhere(bus: Bus, seconds: float) -> list[str]:
    """What arrives meanwhile at others by a client's doing, heartbeats above all."""
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    subscription = await bus.client.subscribe(subjects.ALL_AGENTS, cb=hear)
    await asyncio.sleep(seconds)
    await subscription.unsubscribe()
    return heard


@pytest.mark.parametrize("body", ASKED)
async def test_what_an_agent_asks_for_cannot_be_sent_elsewhere(agent: Client, ready: Bus, body: bytes) -> None:
    before = await stored(ready)
    for target in TARGETS:
        await agent.publish(f"{NEXT}.CHECKS.de-pop3", body, reply=target)
        await agent.publish(f"{NEXT}.CHECKS.de-smtp", body, reply=target)
    await agent.flush()
    assert await heard_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before


@pytest.mark.parametrize("body", ASKED)
async def test_what_a_subscriber_asks_for_cannot_be_sent_elsewhere(subscriber: Client, ready: Bus, body: bytes) -> None:
    before = await stored(ready)
    for target in TARGETS:
        for call in ("MSG.NEXT", "INFO"):
            subject = f"$JS.{subjects.DOMAIN}.API.CONSUMER.{call}.EVENTS.sub-test"
            await subscriber.publish(subject, body, reply=target)
    await subscriber.flush()
    assert await heard_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before


@pytest.mark.parametrize("word", ANSWERED)
async def test_what_is_said_to_an_acknowledgement_cannot_be_sent_elsewhere(
    agent: Client, ready: Bus, word: bytes
) -> None:
    pulled = await agent.jetstream().pull_subscribe_bind(durable="de-smtp", stream=subjects.CHECKS)
    messages = await pulled.fetch(len(TARGETS), timeout=20)
    assert len(messages) == len(TARGETS)
    before = await stored(ready)
    for message, target in zip(messages, TARGETS, strict=True):
        await agent.publish(message.reply, word, reply=target)
    await agent.flush()
    assert await heard_elsewhere(ready, 0.3) == []
    assert await stored(ready) == before
