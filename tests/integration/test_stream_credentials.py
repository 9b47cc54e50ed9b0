"""Credentials for a subscriber: made by the command, good for the events of one organization or customer, no more."""

from __future__ import annotations

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import nats
import pytest
import structlog
from nats.aio.client import Client

from controller.api.asyncapi.prose import DESCRIPTION
from controller.pipeline.subscribers import SubscriberConsumers
from controller.store import subscribers
from controller.store.pool import Database
from controller.trust.claims import subscriber_credentials
from controller.trust.keys import Trust
from shared import subjects
from shared.broker import Broker
from shared.bus import Bus, Message
from shared.clock import utc_now
from tests.integration.pipeline.world import eventually
from tests.integration.test_commands import begin, run

ORGANIZATION, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER, NEIGHBOUR = UUID(int=11), UUID(int=12)


class Office(NamedTuple):
    """A database with two organizations, its URL, and what every command needs beside it."""

    database: Database
    url: str
    settings: dict[str, str]


@pytest.fixture
async def office(database_url: str, nats_url: str, trust_file: Path) -> AsyncIterator[Office]:
    async with Database.open(database_url) as database:
        async with database.connection() as connection:
            await connection.execute(
                """
                WITH one AS (INSERT INTO organization (name, public_id) VALUES ('One', $1) RETURNING id),
                  two AS (INSERT INTO organization (name, public_id) VALUES ('Two', $2) RETURNING id)
                INSERT INTO customer (organization_id, name, public_id)
                SELECT id, 'C', $3::uuid FROM one UNION ALL SELECT id, 'D', $4::uuid FROM one UNION ALL
                SELECT id, 'C', gen_random_uuid() FROM two
                """,
                *(ORGANIZATION, OTHER, CUSTOMER, NEIGHBOUR),
            )
        settings = {"DATABASE_URL": database_url, "NATS_URL": nats_url, "TRUST_FILE": str(trust_file)}
        yield Office(database, database_url, settings)


async def issue(office: Office, file: Path, *arguments: str) -> str:
    """Make credentials into this file; the name of their consumer."""
    words = ("stream-credentials", *arguments, "--output", str(file))
    done = await asyncio.to_thread(run, *words, **office.settings)
    assert done.returncode == 0, done.stderr
    assert "-----BEGIN" not in done.stdout + done.stderr
    return done.stdout.partition("consumer ")[2].split()[0]


class Refusals(list[str]):
    """What the broker refused on a connection, in its own words."""

    async def hear(self, error: Exception) -> None:
        self.append(str(error).lower())


@asynccontextmanager
async def logged_in(url: str, file: Path, inbox: str) -> AsyncIterator[tuple[Client, Refusals]]:
    """As a subscriber does it, with a client of its own."""
    refusals = Refusals()
    client = await nats.connect(
        url, user_credentials=str(file), inbox_prefix=inbox, error_cb=refusals.hear, allow_reconnect=False
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
            for message in await events.fetch(10, timeout=1):
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
        await client.flush()
        await tell(bus, OTHER, CUSTOMER)
        told = await tell(bus, ORGANIZATION, NEIGHBOUR)
        assert (await heard.next_msg(5)).subject == told
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
        assert (await answers.next_msg(5)).subject == told
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
    for _ in range(100):
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
        [message] = await events.fetch(1, timeout=2)
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

            await eventually(told)
            assert not bus.connected


async def test_consumers_are_kept_for_the_good_and_removed_for_the_others(
    office: Office, bus: Bus, tmp_path: Path
) -> None:
    one = await issue(office, tmp_path / "one.creds", "--organization", "One", "--days", "1", "--name", "reports")
    two = await issue(office, tmp_path / "two.creds", "--organization", str(OTHER))
    kept = SubscriberConsumers(office.database, bus)
    await kept.keep()
    jetstream = bus.client.jsm()
    assert {info.name for info in await jetstream.consumers_info(subjects.EVENTS)} == {one, two}
    revoked = await asyncio.to_thread(run, "stream-credentials", "--revoke", one, **office.settings)
    assert revoked.returncode == 0, revoked.stderr
    await kept.keep()
    assert {info.name for info in await jetstream.consumers_info(subjects.EVENTS)} == {two}
    again = await asyncio.to_thread(run, "stream-credentials", "--revoke", one, **office.settings)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    listed = await asyncio.to_thread(run, "stream-credentials", "--list", **office.settings)
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        (two, "good", "Two", "subscriber"),
        (one, "revoked", "One", "reports"),
    ]
    [good] = await subscribers.at_work(office.database)
    assert good.consumer == two


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param(["--organization", "Nobody"], 1, "no organization Nobody", id="no such organization"),
        pytest.param(
            ["--organization", "One", "--customer", "X"], 1, "no organization One with", id="no such customer"
        ),
        pytest.param([], 1, "--organization is required", id="nobody named"),
        pytest.param(["--organization", "One", "--days", "0"], 2, "must be 1 to 3650 days", id="no time at all"),
        pytest.param(["--organization", "One", "--days", "²"], 2, "must be 1 to 3650 days", id="no number"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    office: Office, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    file = tmp_path / "x.creds"
    done = await asyncio.to_thread(run, "stream-credentials", *arguments, "--output", str(file), **office.settings)
    assert done.returncode == status
    assert words in done.stderr
    assert not file.exists()
    assert await subscribers.all_subscribers(office.database) == []


async def test_a_file_that_is_there_is_left_alone(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "x.creds"
    await issue(office, file, "--organization", "One")
    before = await asyncio.to_thread(file.read_bytes)
    words = ("stream-credentials", "--organization", "One", "--output", str(file))
    done = await asyncio.to_thread(run, *words, **office.settings)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert await asyncio.to_thread(file.read_bytes) == before
    assert len(await subscribers.all_subscribers(office.database)) == 1


async def test_a_file_that_cannot_be_written_leaves_no_row(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "x.creds"
    words = ("stream-credentials", "--organization", "One", "--output", str(file))
    done = await asyncio.to_thread(run, *words, **office.settings)
    assert done.returncode == 1
    assert done.stderr == f"mailprobe-controller: {file}: No such file or directory\n"
    assert await subscribers.all_subscribers(office.database) == []


async def test_a_command_that_is_killed_leaves_no_login_that_nobody_can_revoke(office: Office, tmp_path: Path) -> None:
    """It is killed while the row is being stored: there is no file yet."""
    file = tmp_path / "x.creds"
    async with office.database.connection() as connection:
        await connection.execute(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
              AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON subscriber DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait();
            """
        )
        with begin("stream-credentials", "--organization", "One", "--output", str(file), **office.settings) as process:
            try:
                async with asyncio.timeout(30):
                    while not await connection.fetchval(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                        " AND datname = current_database()"
                    ):
                        await asyncio.sleep(0.05)
            finally:
                process.kill()
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
    assert not file.exists()
    assert await subscribers.all_subscribers(office.database) == []
