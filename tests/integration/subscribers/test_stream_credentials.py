"""Credentials of a subscriber allow reading the events of one organization or customer, and nothing else."""

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
from tests.integration.pipeline.small_installation import eventually
from tests.integration.subscribers.two_organizations import (
    CUSTOMER,
    ORGANIZATION,
    OTHER,
    OTHER_CUSTOMER,
    TwoOrganizations,
    issue,
)


class Refusals(list[str]):
    """The broker's messages about what it refused on a connection."""

    async def record(self, error: Exception) -> None:
        self.append(str(error).lower())


@asynccontextmanager
async def logged_in(url: str, file: Path, inbox: str) -> AsyncIterator[tuple[Client, Refusals]]:
    """Connect as a subscriber does, with a plain client."""
    refusals = Refusals()
    client = await nats.connect(
        url,
        user_credentials=str(file),
        inbox_prefix=inbox,
        error_cb=refusals.record,
        allow_reconnect=False,
        connect_timeout=20,
    )
    try:
        yield client, refusals
    finally:
        await client.close()


async def publish_event(bus: Bus, organization: UUID, customer: UUID) -> str:
    """Publish an event of some monitor, and return its subject."""
    subject = subjects.event(organization, customer, uuid4(), "result")
    await bus.publish(Message(subject, b"{}", str(uuid4())))
    return subject


async def test_a_customers_events_are_read_from_the_first_there_is_and_go_on_after_a_break(
    organizations: TwoOrganizations, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "customer.creds"
    first = await publish_event(bus, ORGANIZATION, CUSTOMER)
    await publish_event(bus, ORGANIZATION, OTHER_CUSTOMER)
    await publish_event(bus, OTHER, CUSTOMER)
    consumer = await issue(organizations, file, "--organization", "One", "--customer", str(CUSTOMER))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await SubscriberConsumers(organizations.database, bus).keep()
    received: list[str] = []
    sent = [first]
    for _ in range(2):
        async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
            stream = client.jetstream(domain=subjects.DOMAIN)
            assert (await stream.consumer_info(subjects.EVENTS, consumer)).num_pending == 1
            events = await stream.pull_subscribe_bind(durable=consumer, stream=subjects.EVENTS)
            for message in await events.fetch(1, timeout=20):
                received.append(message.subject)
                await message.ack()
            await client.flush()
            assert refusals == []
        assert received == sent
        sent.append(await publish_event(bus, ORGANIZATION, CUSTOMER))


async def test_an_organizations_events_come_live(
    organizations: TwoOrganizations, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "organization.creds"
    consumer = await issue(organizations, file, "--organization", str(ORGANIZATION))
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        subscription = await client.subscribe(subjects.events_of(ORGANIZATION))
        for _ in range(
            2
        ):  # the client sends its PING before pending data, so only the second PING follows the subscription
            await client.flush()
        await publish_event(bus, OTHER, CUSTOMER)
        sent = await publish_event(bus, ORGANIZATION, OTHER_CUSTOMER)
        assert (await subscription.next_msg(20)).subject == sent
        assert refusals == []


async def test_events_are_fetched_as_the_document_says(
    organizations: TwoOrganizations, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "document.creds"
    consumer = await issue(organizations, file, "--organization", "One")
    sent = await publish_event(bus, ORGANIZATION, CUSTOMER)
    await SubscriberConsumers(organizations.database, bus).keep()
    documented = re.search(r"publish `(\{.*?\})` \(nanoseconds\) to `(\S+)`", DESCRIPTION)
    assert documented
    body, subject = documented.groups()
    inbox = f"{subjects.inbox(consumer)}.answers"
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        answers = await client.subscribe(inbox)
        await client.publish(f"{subject}{consumer}", body.encode(), reply=inbox)
        assert (await answers.next_msg(20)).subject == sent
        assert refusals == []


FORBIDDEN_PUBLICATIONS = [
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
FORBIDDEN_SUBSCRIPTIONS = [
    *(">", "mailprobe.>", "mailprobe.event.>", "mailprobe.event.*.>", "mailprobe.check.>", "mailprobe.result.>"),
    *("mailprobe.agent.>", "_INBOX.>", "_INBOX.*.>", "_INBOX.x.>", "$JS.>", "$JS.EVENT.>", "$SYS.>", "$KV.>", "$O.>"),
    subjects.events_of(OTHER),
    subjects.events_of(ORGANIZATION, OTHER_CUSTOMER),
    subjects.events_of(ORGANIZATION),
]


async def refused(refusals: Refusals, client: Client, attempt: Awaitable[Any], subject: str) -> bool:
    """Whether the broker reports that this was not allowed."""
    refusals.clear()
    await attempt
    await client.flush()
    for _ in range(1000):
        if any("permissions violation" in each and f'"{subject.lower()}"' in each for each in refusals):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_every_other_subject_and_stream_call_is_refused(
    organizations: TwoOrganizations, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "customer.creds"
    consumer = await issue(organizations, file, "--organization", "One", "--customer", "C")
    await SubscriberConsumers(organizations.database, bus).keep()
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        attempts: list[tuple[Callable[..., Awaitable[Any]], str, tuple[bytes, ...]]]
        attempts = [
            (client.publish, subject.replace("{consumer}", consumer), (b"{}",)) for subject in FORBIDDEN_PUBLICATIONS
        ]
        attempts += [(client.subscribe, subject, ()) for subject in FORBIDDEN_SUBSCRIPTIONS]
        allowed = [
            f"{attempt.__name__} {subject}"
            for attempt, subject, rest in attempts
            if not await refused(refusals, client, attempt(subject, *rest), subject)
        ]
        refusals.clear()
        await publish_event(bus, ORGANIZATION, CUSTOMER)
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

            async def refusal_logged() -> bool:
                return any("authorization violation" in str(line.get("error", "")).lower() for line in logged)

            await eventually(refusal_logged)
            assert not bus.connected
