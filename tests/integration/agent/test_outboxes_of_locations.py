"""The broker drops a second message with the id of a first one, in a whole stream, and all locations share RESULTS."""

from __future__ import annotations

from uuid import UUID

from agent.intake.outbox import Outbox
from shared.nats.bus import Bus, Message
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.wire import subjects

CHECK = UUID("8c1b2f0e-5f0e-5f5c-9f57-6f0d4f2c1a3b")
HERE, ELSEWHERE = subjects.result("DE", "de"), subjects.result("US", "us")


async def stored(bus: Bus) -> int:
    return (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages


async def test_no_location_can_have_the_broker_drop_the_result_of_another_one(bus: Bus) -> None:
    """A check's id follows from the monitor, the moment and the location, which every location can know."""
    await bus.publish(Message(ELSEWHERE, b"in its place", str(CHECK)))
    await Outbox(ELSEWHERE, bus.publish, LocationSigner(new_seed(Role.USER))).send(CHECK, b"in its place")
    await Outbox(HERE, bus.publish, LocationSigner(new_seed(Role.USER))).send(CHECK, b"its result")
    assert await stored(bus) == 3


async def test_the_agents_of_a_location_send_a_result_once(bus: Bus) -> None:
    seed = new_seed(Role.USER)
    for _ in range(2):
        await Outbox(HERE, bus.publish, LocationSigner(seed)).send(CHECK, b"its result")
    assert await stored(bus) == 1
