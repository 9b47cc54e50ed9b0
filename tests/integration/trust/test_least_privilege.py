"""A location's credentials: what its agents need works, and the broker refuses everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from controller.broker.streams import ensure_check_consumer
from controller.trust.claims import location_credentials
from controller.trust.keys import Trust
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.credentials import Credentials
from shared.nats.deliveries import CoreMessage
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.targets import KINDS
from tests.fakes.installation import of_earlier_version
from tests.integration.pipeline.small_installation import eventually
from tests.integration.trust.site import logged_in

OTHER_NAME = ("$JS.API.CONSUMER.MSG.NEXT.CHECKS.", "$JS.mailprobe.API.CONSUMER.MSG.NEXT.CHECKS.")
"""The server gives requests for checks another name before it judges them."""

OTHER = "_INBOX.UOTHERUSER.answer"
ELSEWHERE = f"{subjects.inbox_at('us')}.answer"

JETSTREAM = {
    "its own account": ["INFO", "ACCOUNT.PURGE.x", "ACCOUNT.STREAM.MOVE.x.y", "ACCOUNT.STREAM.CANCEL_MOVE.x.y"],
    "servers": ["SERVER.REMOVE", "SERVER.EVACUATE", "META.LEADER.STEPDOWN", "META.RESCUE"],
    "lists of streams": ["STREAM.NAMES", "STREAM.LIST", "STREAM.TEMPLATE.NAMES", "STREAM.TEMPLATE.CREATE.x"],
}
OF_A_STREAM = [
    *("CREATE", "UPDATE", "DELETE", "INFO", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET", "MSG.DELETE", "PEER.REMOVE"),
    *("PEER.EVACUATE", "LEADER.STEPDOWN", "CANCEL_MOVE"),
]
OF_A_CONSUMER = [
    *("CREATE", "DURABLE.CREATE", "INFO", "DELETE", "PAUSE", "UNPIN", "RESET", "LEADER.STEPDOWN", "PEER.REMOVE"),
    "PEER.EVACUATE",
]
STREAMS = (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS, "STAYS", "KV_x", "OBJ_x", "NEW")
CONSUMERS = (
    *((subjects.CHECKS, f"{location}-{kind}") for location in ("de", "us") for kind in KINDS),
    (subjects.RESULTS, subjects.INGEST),
    (subjects.EVENTS, "new"),
)


def administration() -> list[str]:
    """Every subject of the JetStream API except MSG.NEXT, for existing and invented streams and consumers."""
    tails = [tail for group in JETSTREAM.values() for tail in group]
    for stream in STREAMS:
        tails += [f"STREAM.{verb}.{stream}" for verb in OF_A_STREAM]
        tails += [f"CONSUMER.{verb}.{stream}" for verb in ("CREATE", "NAMES", "LIST")]
        tails += [f"DIRECT.GET.{stream}", f"DIRECT.GET.{stream}.mailprobe.check.us.us.smtp"]
        tails += [f"DIRECT.GET.{stream}.mailprobe.check.de.de.smtp"]
    for stream, consumer in CONSUMERS:
        tails += [f"CONSUMER.{verb}.{stream}.{consumer}" for verb in OF_A_CONSUMER]
    tails.append("CONSUMER.CREATE.CHECKS.de-smtp.mailprobe.check.us.us.smtp")
    tails.append("CONSUMER.CREATE.CHECKS.spy.mailprobe.check.>")
    return [f"$JS.API.{tail}" for tail in tails] + ["$JS.hub.API.STREAM.DELETE.CHECKS", "$JS.hub.API.INFO"]


FOREIGN = [
    pytest.param("$JS.API.CONSUMER.MSG.NEXT.CHECKS.us-smtp", id="fetch another location's checks"),
    pytest.param(
        "$JS.API.CONSUMER.MSG.NEXT.CHECKS.de-nbg-smtp", id="fetch checks of a location whose code begins alike"
    ),
    pytest.param("$JS.API.CONSUMER.MSG.NEXT.CHECKS.de-dns", id="fetch a kind that does not exist yet"),
    pytest.param("$JS.API.CONSUMER.MSG.NEXT.RESULTS.ingest", id="fetch results"),
    pytest.param("$JS.API.CONSUMER.MSG.NEXT.EVENTS.s-1", id="fetch events"),
    pytest.param("$JS.ACK.CHECKS.us-smtp.1.1.1.1.0", id="acknowledge another location's check"),
    pytest.param("$JS.ACK.RESULTS.ingest.1.1.1.1.0", id="acknowledge a result"),
    pytest.param("$JS.ACK._.X.CHECKS.us-smtp.1.1.1.1.0", id="acknowledge in the longer form"),
    pytest.param("$JS.FC.CHECKS.de-smtp.x", id="flow control"),
    pytest.param("$JS.SNAPSHOT.ACK.CHECKS.x", id="a snapshot's acknowledgement"),
    pytest.param("$JS.SNAPSHOT.RESTORE.CHECKS.x", id="a snapshot's content"),
    pytest.param("$JS.EVENT.ADVISORY.STREAM.DELETED.CHECKS", id="pretend an advisory"),
    pytest.param("mailprobe.check.de.de.smtp", id="request a check from itself"),
    pytest.param("mailprobe.check.us.us.smtp", id="request a check from another location"),
    pytest.param("mailprobe.result.us.us", id="a result in another location's name"),
    pytest.param("mailprobe.result.de.us", id="a result in the name of another in its country"),
    pytest.param("mailprobe.result.us.de", id="a result in another country's name"),
    pytest.param("mailprobe.result.de.de.more", id="a result one token too deep"),
    pytest.param("mailprobe.result.de.de.batch.more", id="results one token too deep"),
    pytest.param("mailprobe.result.us.us.batch", id="results in another location's name"),
    pytest.param("mailprobe.agent.us.us.one", id="a heartbeat in another location's name"),
    pytest.param("mailprobe.agent.us.de.one", id="a heartbeat in another country's name"),
    pytest.param("mailprobe.agent.de.de.one.two", id="a heartbeat one token too deep"),
    pytest.param("mailprobe.event.o.c.m.result", id="an event"),
    pytest.param("test.stays", id="an unrelated subject of the account"),
    pytest.param("$KV.x.y", id="a key-value bucket"),
    pytest.param("$O.x.C.y", id="an object store"),
    pytest.param("$SRV.PING", id="services"),
    pytest.param("$SYS.REQ.CLAIMS.UPDATE", id="change claims"),
    pytest.param("$SYS.REQ.ACCOUNT.x.CLAIMS.LOOKUP", id="read claims"),
    pytest.param("$SYS.REQ.SERVER.PING", id="query servers"),
    pytest.param("$SYS.REQ.USER.INFO", id="query its own user"),
    pytest.param(OTHER, id="publish to another client's inbox"),
    pytest.param(ELSEWHERE, id="publish to another location's inbox"),
    pytest.param(f"{subjects.inbox_at('de')}.answer", id="publish to another agent's inbox of its own location"),
]


@pytest.fixture
async def ready(bus: Bus) -> Bus:
    """The streams with consumers of two locations, a request for each, and an event."""
    for country in ("DE", "US"):
        for kind in KINDS:
            await ensure_check_consumer(bus, country=country, location=country.lower(), kind=kind)
        subject = subjects.check(country, country, "smtp")
        await bus.publish(Message(subject, b"request", message_id=f"check {country}"))
    await bus.publish(Message("mailprobe.event.o.c.m.result", b"event", message_id="event"))
    return bus


@pytest.fixture
def german(installation: Trust) -> Credentials:
    return location_credentials(installation, location="de", country="DE", now=utc_now())


@pytest.fixture
async def refusals() -> list[str]:
    return []


@pytest.fixture
async def agent(nats_url: str, german: Credentials, ready: Bus, refusals: list[str]) -> AsyncIterator[Client]:
    """A client with a location's credentials. The server's refusals are in `refusals`."""
    async with logged_in(nats_url, german, refusals, inbox=subjects.inbox_at("de")) as client:
        yield client


async def test_the_administration_of_streams_and_consumers_is_refused_whole(
    agent: Client, ready: Bus, refusals: list[str]
) -> None:
    before = await streams(ready)
    api_subjects = administration()
    assert len(api_subjects) > 200
    for subject in api_subjects:
        await agent.publish(subject, b"", reply=agent.new_inbox())
    await refused(refusals, "publish", api_subjects)
    assert await streams(ready) == before


@pytest.mark.parametrize("subject", FOREIGN)
async def test_what_is_not_its_own_it_may_not_publish(agent: Client, refusals: list[str], subject: str) -> None:
    await agent.publish(subject, b"1", reply=agent.new_inbox())
    await refused(refusals, "publish", [subject.replace(*OTHER_NAME)])


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(">", id="everything"),
        pytest.param("*.*.*.*.*", id="everything of five tokens"),
        pytest.param("mailprobe.>", id="everything of Mailprobe"),
        pytest.param("mailprobe.check.>", id="all checks"),
        pytest.param("mailprobe.check.de.de.smtp", id="its own checks, without the consumer"),
        pytest.param("mailprobe.result.>", id="results"),
        pytest.param("mailprobe.result.de.de", id="its own results"),
        pytest.param("mailprobe.event.>", id="events"),
        pytest.param("mailprobe.agent.>", id="heartbeats"),
        pytest.param("mailprobe.agent.de.de.*", id="heartbeats of its own location"),
        pytest.param("_INBOX.>", id="all inboxes"),
        pytest.param("_INBOX.*", id="all inboxes, one token deep"),
        pytest.param("_INBOX.*.>", id="all inboxes, deeper"),
        pytest.param(OTHER, id="another's inbox"),
        pytest.param(ELSEWHERE, id="another location's inbox"),
        pytest.param(f"{subjects.inbox_at('de-nbg')}.>", id="the inbox of a location whose code begins alike"),
        pytest.param(f"{subjects.inbox('sub-de')}.>", id="a subscriber's inbox"),
        pytest.param(f"{subjects.inbox('de')}.>", id="the inbox of a client that is named like the location"),
        pytest.param("$JS.>", id="JetStream"),
        pytest.param("$JS.API.>", id="requests to JetStream"),
        pytest.param("$JS.ACK.>", id="acknowledgements"),
        pytest.param("$JS.EVENT.ADVISORY.>", id="advisories"),
        pytest.param("$KV.>", id="key-value buckets"),
        pytest.param("$O.>", id="object stores"),
        pytest.param("$SYS.>", id="the system's subjects"),
        pytest.param("$SRV.>", id="services"),
    ],
)
async def test_what_is_not_its_own_it_may_not_subscribe_to(agent: Client, refusals: list[str], subject: str) -> None:
    await agent.subscribe(subject)
    await agent.subscribe(subject, queue="q")
    await refused(refusals, "subscription", [subject])


async def test_replies_to_its_requests_cannot_be_sent_where_it_may_not_publish(agent: Client, ready: Bus) -> None:
    """The broker sends replies to any subject a client names; here they delete and purge nothing."""
    before = await streams(ready)
    for stream in (subjects.EVENTS, subjects.CHECKS, subjects.RESULTS):
        for verb in ("PURGE", "DELETE"):
            reply = f"$JS.API.STREAM.{verb}.{stream}"
            await agent.publish(subjects.result("de", "de"), b"x", reply=reply)
            await ready.publish(Message(subjects.check("DE", "de", "pop3"), b"", message_id=reply))
            await agent.publish("$JS.API.CONSUMER.MSG.NEXT.CHECKS.de-pop3", b"1", reply=reply)
    await agent.flush()

    async def settled() -> bool:
        return (await streams(ready))[subjects.RESULTS] == 6

    await eventually(settled)
    after = await streams(ready)
    assert after == before | {subjects.RESULTS: 6, subjects.CHECKS: before[subjects.CHECKS] + 6}


@pytest.mark.parametrize("earlier", [False, True], ids=["a login", "a login of an earlier version"])
async def test_what_its_agents_need_works(
    nats_url: str, german: Credentials, ready: Bus, installation: Trust, earlier: bool
) -> None:
    if earlier:
        german = of_earlier_version(installation, german)
    async with Bus.open(Broker(nats_url, german, location="de"), name="agent") as bus:
        await bus.wait_connected()
        consumer = await bus.consumer(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
        [first] = await consumer.fetch(5, 2)
        assert (first.subject, first.body) == ("mailprobe.check.de.de.smtp", b"request")
        await first.nak()
        [again] = await consumer.fetch(5, 2)
        assert again.redelivered
        await again.working()
        await bus.publish(Message(subjects.result("DE", "de"), b"found", message_id="result"))
        await bus.publish(Message(subjects.batch_of(subjects.result("DE", "de")), b"found", message_id="results"))
        await again.ack()

        async def acknowledged() -> bool:
            return (await streams(ready))[subjects.CHECKS] == 1

        await eventually(acknowledged)
        heartbeats = ready.listen(subjects.ALL_AGENTS)
        answering = asyncio.create_task(answer_one(ready, heartbeats))
        for _ in range(
            2
        ):  # the client sends its PING before pending data, so only the second PING follows the subscription
            await ready.client.flush()
        assert await bus.request(subjects.agent("DE", "de", "one"), b"beat", 20) == b"answer to beat"
        await answering


async def answer_one(bus: Bus, heartbeats: AsyncGenerator[CoreMessage]) -> None:
    async for message in heartbeats:
        assert message.reply_to
        await bus.send(message.reply_to, b"answer to " + message.body)
        return


async def test_a_controller_may_do_everything_in_the_account_and_nothing_in_the_system(bus: Bus) -> None:
    """The system's subjects belong to another account, so nothing answers a controller there."""
    with pytest.raises(NoRespondersError):
        await bus.client.request("$SYS.REQ.CLAIMS.UPDATE", b"x", timeout=20)
    with pytest.raises(BusError):
        await bus.clock("NOWHERE")
    assert await streams(bus)


async def streams(bus: Bus) -> dict[str, int]:
    """The existing streams, and the number of messages in each."""
    found = await bus.client.jsm().streams_info()
    return {str(each.config.name): each.state.messages for each in found}


async def refused(refusals: list[str], what: str, expected: list[str]) -> None:
    """Wait for `permissions violation for <what> to "<subject>"` of all subjects. The client logs it in lower case."""
    prefix = f"permissions violation for {what} to "
    missing = {subject.lower() for subject in expected}

    async def all_refused() -> bool:
        return missing <= {line.split('"')[1] for line in refusals if prefix in line}

    await eventually(all_refused)
