"""Publishing into streams: the publisher gets the outcome of each single message."""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError

from shared.nats.bus import Bus, Message
from shared.nats.client import BrokerClient
from shared.nats.errors import BusError
from shared.nats.publishing import Publisher
from shared.nats.refusals import Refusals
from shared.wire import subjects

RESULT = subjects.result("DE", "de")
NO_STREAM = "mailprobe.nowhere.at.all"


async def test_each_of_many_messages_has_its_own_answer(bus: Bus) -> None:
    messages = [Message(NO_STREAM if number % 7 == 3 else RESULT, b"{}", str(number)) for number in range(600)]
    outcomes = await bus.publish_all(messages)
    assert [outcome is not None for outcome in outcomes] == [message.subject is NO_STREAM for message in messages]
    stored = (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages
    assert stored == sum(message.subject is RESULT for message in messages)


async def test_a_repeat_is_accepted_and_stored_once(bus: Bus) -> None:
    for _ in range(2):
        await bus.publish(Message(RESULT, b"{}", "the same"))
    assert (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 1


async def test_what_a_stream_refuses_is_raised_with_its_reason(bus: Bus) -> None:
    with pytest.raises(BusError, match="TTL"):
        await bus.publish(Message(RESULT, b"{}", "with an end", ttl_seconds=5))


async def test_a_broker_that_keeps_silent_is_not_waited_for_for_ever(bus: Bus) -> None:
    async def keep_silent(_: Msg) -> None:
        pass

    await bus.client.subscribe(NO_STREAM, cb=keep_silent)
    with pytest.raises(NatsTimeoutError):
        await asyncio.wait_for(Publisher(bus.client).publish(NO_STREAM, b"{}", {}, 0.05), 10)


async def test_a_window_ends_in_time_though_the_client_waits_for_the_broker_before_its_last_message() -> None:
    """The client does so when more is on its way than fits; this broker reads on later, but answers nothing."""
    reads_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"a","version":"2.12.0","headers":true,"max_payload":1048576}\r\n')
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        await reads_on.wait()
        while await reader.read(1 << 20):
            pass
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        client = BrokerClient(Refusals())
        await client.connect(f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}", allow_reconnect=False)
        publisher, large = Publisher(client), bytes(900_000)
        asyncio.get_running_loop().call_later(0.5, reads_on.set)
        async with asyncio.timeout(10):
            outcomes = await publisher.publish_together([("subject", large, {})] * 20, 0.2)
        assert [type(outcome) for outcome in outcomes] == [NatsTimeoutError] * 20
        assert not publisher._unanswered
        await reads_on.wait()
        await client.close()
