"""Credentials for a subscriber are good for the events of one organization or customer, and for nothing else."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import structlog
from nats.aio.client import Client

from controller.api.asyncapi.prose import DESCRIPTION
from controller.pipeline.subscribers import SubscriberConsumers
from controller.trust.claims import subscriber_credentials
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.integration.pipeline.world import eventually
from tests.integration.subscribers.office import CUSTOMER, NEIGHBOUR, ORGANIZATION, OTHER, Office, issue


class Refusals(list[str]):
    """What the broker refused on a connection, in its own words."""

    async def hear(self, error: Exception) -> None:
        self.append(str(error).lower())


@asynccontextmanager
async def logged_in(url: str, file: Path, inbox: str) -> AsyncIterator[tuple[Client, Refusals]]:
    """As a subscriber does it, with a client of its own."""
    refusals = Refusals()
    client = await nats.connect(
        url,
        user_credentials=str(file),
        inbox_prefix=inbox,
        error_cb=refusals.hear,
        allow_reconnect=False,
        connect_timeout=20,
    )
    try:
        yield client, refusals
    finally:
        await client.close()


async def tell(bus: Bus, organization: UUID, customer: UUID) -> str:
    """Publish an event of some monitor; its subject."""
    subject = subjects.event(organization, customer, uuid4(), "result")
    await bus.publish(Message(subject, b"{}", str(uuid4())))
    return subject


async def test_a_customers_events_are_read_from_the_first_there_is_and_go_on_after_a_break(
    office: Office, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "customer.creds"
    first = await tell(bus, ORGANIZATION, CUSTOMER)
    await tell(bus, ORGANIZATION, NEIGHBOUR)
    await tell(bus, OTHER, CUSTOMER)
    consumer = await issue(office, file, "--organization", "One", "--customer", str(CUSTOMER))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await SubscriberConsumers(office.database, bus).keep()
    seen: list[str] = []
    told = [first]
    for _ in range(2):
        async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
            stream = client.jetstream(domain=subjects.DOMAIN)
            assert (await stream.consumer_info(subjects.EVENTS, consumer)).num_pending == 1
            events = await stream.pull_subscribe_bind(durable=consumer, stream=subjects.EVENTS)
            for message in await events.fetch(1, timeout=20):
                seen.append(message.subject)
                await message.ack()
            await client.flush()
            assert refusals == []
        assert seen == told
        told.append(await tell(bus, ORGANIZATION, CUSTOMER))


async def test_an_organizations_events_come_live(office: Office, bus: Bus, nats_url: str, tmp_path: Path) -> None:
    file = tmp_path / "organization.creds"
    consumer = await issue(office, file, "--organization", str(ORGANIZATION))
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        heard = await client.subscribe(subjects.events_of(ORGANIZATION))
        for _ in range(2):  # the client sends its PING before what is pending, so the second is behind the subscription
            await client.flush()
        await tell(bus, OTHER, CUSTOMER)
        told = await tell(bus, ORGANIZATION, NEIGHBOUR)
        assert (await heard.next_msg(20)).subject == told
        assert refusals == []


async def test_events_are_fetched_as_the_document_says(office: Office, bus: Bus, nats_url: str, tmp_path: Path) -> None:
    file = tmp_path / "document.creds"
    consumer = await issue(office, file, "--organization", "One")
    told = await tell(bus, ORGANIZATION, CUSTOMER)
    await SubscriberConsumers(office.database, bus).keep()
    said = re.search(r"publish `(\{.*?\})` \(nanoseconds\) to `(\S+)`", DESCRIPTION)
    assert said
    body, subject = said.groups()
    inbox = f"{subjects.inbox(consumer)}.answers"
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        answers = await client.subscribe(inbox)
        await client.publish(f"{subject}{consumer}", body.encode(), reply=inbox)
        assert (await answers.next_msg(20)).subject == told
        assert refusals == []


FORBIDDEN_TO_SAY = [
    *("mailprobe.check.de.de.smtp", "mailprobe.result.de.de", "mailprobe.agent.de.de.x", "anything"),
    subjects.event(ORGANIZATION, CUSTOMER, UUID(int=9), "result"),
    *(f"$JS.API.{what}" for what in ("INFO", "STREAM.NAMES", "STREAM.LIST", "DIRECT.GET.EVENTS", "SERVER.REMOVE")),
    *(f"$JS.API.STREAM.{verb}.EVENTS" for verb in ("CREATE", "UPDATE", "INFO", "DELETE", "PURGE")),
    *(f"$JS.API.STREAM.{verb}.EVENTS" for verb in ("MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN")),
    *("$JS.API.CONSUMER.NAMES.EVENTS", "$JS.API.CONSUMER.LIST.EVENTS", "$JS.API.CONSUMER.CREATE.EVENTS"),
    *("$JS.API.CONSUMER.CREATE.EVENTS.mine", f"$JS.API.CONSUMER.CREATE.EVENTS.mine.{subjects.ALL_EVENTS}"),
    *("$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine", "$JS.API.CONSUMER.DELETE.EVENTS.{consumer}"),
    *("$JS.API.CONSUMER.PAUSE.EVENTS.{consumer}", "$JS.API.CONSUMER.RESET.EVENTS.{consumer}"),
    *("$JS.API.CONSUMER.UNPIN.EVENTS.{consumer}", "$JS.API.CONSUMER.LEADER.STEPDOWN.EVENTS.{consumer}"),
    *("$JS.mailprobe.API.CONSUMER.MSG.NEXT.EVENTS.another", "$JS.mailprobe.API.CONSUMER.INFO.EVENTS.another"),
    *("$JS.API.CONSUMER.MSG.NEXT.EVENTS.{consumer}", "$JS.API.CONSUMER.INFO.EVENTS.{consumer}"),
    *("$JS.mailprobe.API.CONSUMER.INFO.RESULTS.ingest", "$JS.mailprobe.API.STREAM.INFO.EVENTS"),
    *("$JS.API.CONSUMER.MSG.NEXT.RESULTS.ingest", "$JS.API.CONSUMER.MSG.NEXT.CHECKS.de-smtp"),
    *("$JS.ACK.EVENTS.another.1.1.1.1.1", "$JS.ACK.RESULTS.ingest.1.1.1.1.1", "$JS.FC.EVENTS.{consumer}.x"),
    *("$KV.x.y", "$O.x.M.y", "$SYS.REQ.SERVER.PING", "$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.USER.INFO", "_INBOX.x.y"),
]
FORBIDDEN_TO_HEAR = [
    *(">", "mailprobe.>", "mailprobe.event.>", "mailprobe.event.*.>", "mailprobe.check.>", "mailprobe.result.>"),
    *("mailprobe.agent.>", "_INBOX.>", "_INBOX.*.>", "_INBOX.x.>", "$JS.>", "$JS.EVENT.>", "$SYS.>", "$KV.>", "$O.>"),
    subjects.events_of(OTHER),
    subjects.events_of(ORGANIZATION, NEIGHBOUR),
    subjects.events_of(ORGANIZATION),
]


async def refused(refusals: Refusals, client: Client, attempt: Awaitable[Any], subject: str) -> bool:
    """Whether the broker says that this was not allowed."""
    refusals.clear()
    await attempt
    await client.flush()
    for _ in range(1000):
        if any("permissions violation" in each and f'"{subject.lower()}"' in each for each in refusals):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_every_other_subject_and_stream_call_is_refused(
    office: Office, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "customer.creds"
    consumer = await issue(office, file, "--organization", "One", "--customer", "C")
    await SubscriberConsumers(office.database, bus).keep()
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        attempts: list[tuple[Callable[..., Awaitable[Any]], str, tuple[bytes, ...]]]
        attempts = [(client.publish, subject.replace("{consumer}", consumer), (b"{}",)) for subject in FORBIDDEN_TO_SAY]
        attempts += [(client.subscribe, subject, ()) for subject in FORBIDDEN_TO_HEAR]
        allowed = [
            f"{attempt.__name__} {subject}"
            for attempt, subject, rest in attempts
            if not await refused(refusals, client, attempt(subject, *rest), subject)
        ]
        refusals.clear()
        await tell(bus, ORGANIZATION, CUSTOMER)
        stream = client.jetstream(domain=subjects.DOMAIN)
        events = await stream.pull_subscribe_bind(durable=consumer, stream=subjects.EVENTS)
        [message] = await events.fetch(1, timeout=20)
        await message.ack()
        assert refusals == []
    assert allowed == []


async def test_what_has_expired_opens_nothing(broker: Broker, installation: Trust) -> None:
    now = utc_now()
    subject = subjects.events_of(ORGANIZATION)
    made, until = now - timedelta(days=2), now - timedelta(seconds=1)
    old = subscriber_credentials(installation, name="old", subject=subject, durable="sub-old", now=made, until=until)
    with structlog.testing.capture_logs() as logged:
        async with Bus.open(broker._replace(credentials=old), name="old") as bus:

            async def told() -> bool:
                return any("authorization violation" in str(line.get("error", "")).lower() for line in logged)

            await eventually(told, 20)
            assert not bus.connected
