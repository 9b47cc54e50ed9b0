"""Three subscribers and two locations of one installation. Each listens to all that it may, and records what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg

from controller.broker.streams import ensure_check_consumer, ensure_event_consumer, ensure_streams
from controller.trust.claims import controller_credentials
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.credentials import Credentials
from shared.wire import subjects
from shared.wire.targets import KINDS
from tests.integration.trust.site import Site, logged_in

ORGANIZATION, ELSEWHERE = UUID(int=1), UUID(int=2)
MONITOR = UUID(int=9)
SUBSCRIBERS = {
    "sub-a": (ORGANIZATION, UUID(int=11)),
    "sub-b": (ORGANIZATION, UUID(int=12)),
    "sub-c": (ELSEWHERE, UUID(int=13)),
}
LOCATIONS = {"de": "DE", "us": "US"}
EACH = 500
_QUIET_SECONDS = 0.5


class Received(NamedTuple):
    """A message and the subscription that got it."""

    subscription: str
    subject: str
    body: bytes


class Stored(NamedTuple):
    """What a stream holds: its last number, how many were removed other than by acknowledgements, and its consumers."""

    last: int
    removed: int
    consumers: int


@dataclass
class Party:
    """A client that may log in: what it listens to, may ask for, and has received."""

    name: str
    client: Client
    inbox: str
    live: list[str]
    requests: list[str]
    refusals: list[str]
    received: list[Received] = field(default_factory=list)

    async def listen(self) -> None:
        for subject in [f"{self.inbox}.>", *self.live]:
            for queue in ("", "queue"):
                await self.client.subscribe(subject, queue=queue, cb=self._recorder(subject))

    def _recorder(self, subscription: str) -> Callable[[Msg], Awaitable[None]]:
        async def record(message: Msg) -> None:
            self.received.append(Received(subscription, message.subject, message.data))

        return record


@dataclass
class World:
    bus: Bus
    parties: dict[str, Party]
    at_controllers: list[str]

    def received_by_others(self, party: Party) -> list[tuple[str, Received]]:
        return [(name, one) for name, other in self.parties.items() if other is not party for one in other.received]

    async def settle(self) -> None:
        """Wait until all that was sent has arrived, and nothing more comes."""
        before = -1
        while before != (before := sum(len(each.received) for each in self.parties.values())):
            for party in self.parties.values():
                await party.client.flush()
            await self.bus.client.flush()
            await asyncio.sleep(_QUIET_SECONDS)

    async def fill(self) -> None:
        """Give every consumer messages. Live subscribers get their events, and nobody gets anything else."""
        messages = []
        for name, (organization, customer) in SUBSCRIBERS.items():
            subject = subjects.event(organization, customer, MONITOR, "result")
            messages += [Message(subject, f"event of {name}".encode(), f"{name} {number}") for number in range(EACH)]
        for location, country in LOCATIONS.items():
            for kind, number in product(KINDS, range(EACH)):
                subject = subjects.check(country, location, kind)
                messages.append(Message(subject, f"check of {location}".encode(), f"{subject} {number}"))
        assert not any(await self.bus.publish_all(messages))
        await self.settle()
        for name, party in self.parties.items():
            expected = [f"event of {name}".encode()] * (2 * EACH if name in SUBSCRIBERS else 0)
            assert [one.body for one in party.received] == expected
            party.received.clear()
        self.at_controllers.clear()

    async def stored(self) -> dict[str, Stored]:
        found = await self.bus.client.jsm().streams_info()
        return {
            str(one.config.name): Stored(
                one.state.last_seq,
                0 if one.config.name == subjects.CHECKS else one.state.last_seq - one.state.messages,
                one.state.consumer_count,
            )
            for one in found
        }

    async def acknowledged_of_others(self, party: Party) -> dict[str, int]:
        """How far each consumer that is not the party's has been acknowledged."""
        manager = self.bus.client.jsm()
        found = [one for stream in (subjects.CHECKS, subjects.EVENTS) for one in await manager.consumers_info(stream)]
        return {
            one.name: one.ack_floor.consumer_seq
            for one in found
            if one.ack_floor and not any(one.name in request for request in party.requests)
        }

    async def acknowledgement_of(self, party: Party) -> str:
        """The subject by which the party acknowledges a message that it fetched just now."""
        fetch = next(request for request in party.requests if "MSG.NEXT" in request)
        answer = await party.client.request(fetch, b'{"batch":1,"no_wait":true}', timeout=20, old_style=True)
        assert answer.reply.startswith("$JS.ACK."), answer
        return answer.reply


@asynccontextmanager
async def peopled(
    site: Site, subscribers: dict[str, Credentials], agents: dict[str, Credentials]
) -> AsyncIterator[World]:
    """The streams and consumers of an installation, with everybody logged in and listening."""
    login = controller_credentials(site.trust, utc_now())
    async with AsyncExitStack() as open_, Bus.open(Broker(site.server.url, login), name="controller") as bus:
        await bus.wait_connected()
        await ensure_streams(bus)
        world = World(bus, {}, [])
        for location, country in LOCATIONS.items():
            for kind in KINDS:
                await ensure_check_consumer(bus, country=country, location=location, kind=kind)
        for name, (organization, customer) in SUBSCRIBERS.items():
            await ensure_event_consumer(bus, durable=name, subject=subjects.events_of(organization, customer))

        async def record(message: Msg) -> None:
            world.at_controllers.append(message.subject)
            if message.reply and message.subject.startswith("mailprobe.agent."):
                await bus.send(message.reply, b"the time")  # as a controller answers every heartbeat

        await bus.client.subscribe("mailprobe.>", cb=record)
        for name, login in (subscribers | agents).items():
            refusals: list[str] = []
            inbox = subjects.inbox(name) if name in subscribers else subjects.inbox_at(name)
            client = await open_.enter_async_context(logged_in(site.server.url, login, refusals, inbox=inbox))
            party = Party(name, client, inbox, *_allowed(name), refusals)
            await party.listen()
            world.parties[name] = party
        await world.fill()
        yield world


def _allowed(name: str) -> tuple[list[str], list[str]]:
    """What a party may subscribe to beside its inbox, and the requests that it may send."""
    if name in SUBSCRIBERS:
        api = f"$JS.{subjects.DOMAIN}.API.CONSUMER"
        return [subjects.events_of(*SUBSCRIBERS[name])], [
            f"{api}.{call}.EVENTS.{name}" for call in ("MSG.NEXT", "INFO")
        ]
    country = LOCATIONS[name]
    consumers = [subjects.check_consumer(name, kind) for kind in KINDS]
    return [], [
        *(f"$JS.API.CONSUMER.MSG.NEXT.CHECKS.{consumer}" for consumer in consumers),
        subjects.result(country, name),
        subjects.batch_of(subjects.result(country, name)),
        subjects.agent(country, name, "one"),
    ]


def every_subject() -> Sequence[str]:
    """Every subject of the installation, for each owner, as a reply could name it; also patterns."""
    streams = (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS)
    found = [f"$JS.API.STREAM.{verb}.{stream}" for stream in streams for verb in ("DELETE", "PURGE", "INFO", "UPDATE")]
    found += ["$JS.API.INFO", f"$JS.{subjects.DOMAIN}.API.INFO", "$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.SERVER.PING"]
    for name, (organization, customer) in SUBSCRIBERS.items():
        for kind in ("result", "verdict", "incident"):
            found.append(subjects.event(organization, customer, MONITOR, kind))
        found += [
            f"{subjects.inbox(name)}.x",
            f"{subjects.inbox(name)}.x.1",
            subjects.events_of(organization, customer),
        ]
        for prefix in ("$JS.API", f"$JS.{subjects.DOMAIN}.API"):
            found += [f"{prefix}.CONSUMER.{verb}.EVENTS.{name}" for verb in ("MSG.NEXT", "INFO", "DELETE")]
        found.append(f"$JS.ACK.EVENTS.{name}.1.1.1.1.1")
    for location, country in LOCATIONS.items():
        result = subjects.result(country, location)
        found += [result, subjects.batch_of(result), subjects.agent(country, location, "one")]
        found += [f"{subjects.inbox_at(location)}.x", f"{subjects.inbox_at(location)}.x.1"]
        for kind in KINDS:
            consumer = subjects.check_consumer(location, kind)
            found.append(subjects.check(country, location, kind))
            for prefix in ("$JS.API", f"$JS.{subjects.DOMAIN}.API"):
                found += [f"{prefix}.CONSUMER.{verb}.CHECKS.{consumer}" for verb in ("MSG.NEXT", "INFO", "DELETE")]
            found.append(f"$JS.ACK.CHECKS.{consumer}.1.1.1.1.1")
    found += [subjects.ALL_EVENTS, subjects.ALL_AGENTS, subjects.ALL_RESULTS, subjects.ALL_CHECKS, ">", "_INBOX.>"]
    found += [
        f"{subjects.inbox_at('us')}.>",
        f"{subjects.inbox('sub-b')}.*",
        "_R_.x",
        "_R_.x.y",
        "_GR_.x.y",
        "$JSC.R.x",
    ]
    return found
