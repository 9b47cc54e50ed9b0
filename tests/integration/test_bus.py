from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from controller.trust.keys import new_trust
from shared.nats.broker import Broker, BrokerUrlError
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.fakes.installation import as_controller
from tests.fakes.listening import Listener
from tests.integration.pipeline.small_installation import eventually


async def test_a_connection_that_the_server_ends_for_good_is_replaced(bus: Bus) -> None:
    """nats-py closes itself for all but two of the errors that a server sends on a live connection."""
    before = bus.client
    await bus.client._process_err("'authentication timeout'")

    async def back() -> bool:
        return bus.connected and bus.client is not before

    await eventually(back)
    await bus.publish(Message(subjects.result("DE", "de"), b"{}", "after"))
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    assert [delivery.body for delivery in await consumer.fetch(10, 10)] == [b"{}"]
    await consumer.close()


async def test_an_attempt_to_come_back_that_fails_leaves_no_connection_open() -> None:
    """A full server, for example, refuses a reconnecting client but does not close the connection."""
    served = refused = hung_up = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served, refused, hung_up
        served += 1
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1024}\r\n')
        await reader.readuntil(b"PING\r\n")
        if served == 1:
            writer.write(b"PONG\r\n")
            await asyncio.sleep(0.1)
        else:
            refused += 1
            writer.write(b"-ERR 'maximum connections exceeded'\r\n")
            with suppress(ConnectionError):
                await reader.read()
            hung_up += 1

    async def tried_again() -> bool:
        return refused >= 2

    async def let_go() -> bool:
        return hung_up >= refused - 1

    async with Listener(answer) as listener:
        async with Bus.open(Broker(f"nats://127.0.0.1:{listener.port}"), name="comes back"):
            await eventually(tried_again)
            await eventually(let_go)
        await listener.all_closed()


async def test_a_bus_that_comes_back_is_closed_at_any_moment() -> None:
    """A lost cancellation let the attempts of a closed bus go on for ever, each with a connection of its own."""
    known: set[bytes] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1024}\r\n')
        name = await reader.readuntil(b"PING\r\n")
        if name not in known:
            known.add(name)
            writer.write(b"PONG\r\n")
            await asyncio.sleep(0.1)
        else:
            writer.write(b"-ERR 'maximum connections exceeded'\r\n")
            await reader.read()

    async def closed_after(port: int, seconds: float) -> None:
        async with Bus.open(Broker(f"nats://127.0.0.1:{port}"), name=f"closed after {seconds} s") as bus:
            await bus.wait_connected()
            while bus.connected:
                await asyncio.sleep(0.01)
            await asyncio.sleep(seconds)

    async with Listener(answer) as listener:
        async with asyncio.timeout(60):
            await asyncio.gather(*(closed_after(listener.port, 0.9 + number / 500) for number in range(150)))
        await listener.all_closed()


async def test_a_bus_that_never_came_to_connect_is_closed_in_order() -> None:
    async with Bus.open(Broker("nats://127.0.0.1:1"), name="before its first attempt") as bus:
        pass
    assert not bus.connected


async def test_a_bus_that_the_broker_refuses_is_closed_at_any_moment(nats_url: str) -> None:
    """nats-py swallows a cancellation that comes while it closes a refused attempt."""
    stranger = as_controller(nats_url, new_trust())

    async def opened_for(moments: int) -> bool:
        async with Bus.open(stranger, name="stranger") as bus:
            for _ in range(moments):
                await asyncio.sleep(0.02)
        return bus.connected

    async with asyncio.timeout(60):
        assert not any(await asyncio.gather(*(opened_for(moments) for moments in range(250))))


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        pytest.param("nats://127.0.0.1:port", "must be URLs", id="a port that is no number"),
        pytest.param("http://127.0.0.1", "must be URLs", id="another protocol"),
        pytest.param("nats://", "must be URLs", id="no host"),
        pytest.param("nats://token@127.0.0.1", "must hold no user", id="a token, which Mailprobe does not log in with"),
        pytest.param(" , ", "must name a server", id="nothing"),
    ],
)
async def test_an_address_that_is_none_is_refused(url: str, rule: str) -> None:
    with pytest.raises(BrokerUrlError, match=rule) as refused:
        async with Bus.open(Broker(url), name="nowhere"):
            pass
    assert "token" not in str(refused.value).replace("password or token", "")
