"""What an agent sends together, and what becomes of it when the broker refuses, keeps silent or knows no batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from agent.intake import batch_answers
from agent.intake import outbox as outbox_module
from agent.intake.batch_answers import SHORTEST_SECONDS
from agent.intake.gathering import QUIET_SECONDS, Gathering
from agent.intake.outbox import Outbox
from shared.nats.bus import Message
from shared.nats.errors import BrokerRefusedError, BusError
from shared.nats.location_signing import RESULT, LocationSigner, verify_location
from shared.nats.nkeys import Role, new_seed
from shared.wire.batches import results_in
from shared.wire.signing import SIGNATURE
from tests.unit.agent.fake_loop import FakeLoop

SUBJECT = "mailprobe.result.de.de"
TOGETHER = f"{SUBJECT}.batch"
IDS = [UUID(int=number) for number in range(1, 9)]


class FakeBroker:
    """Keeps what it takes, by message id; `refuse` gives the error for a message, if it is not taken."""

    def __init__(self) -> None:
        self.tried: list[Message] = []
        self.taken: dict[str, Message] = {}
        self.refuse: Callable[[Message], BusError | None] = lambda _: None

    async def publish(self, message: Message) -> None:
        await asyncio.sleep(0)
        self.tried.append(message)
        error = self.refuse(message)
        if error is not None:
            raise error
        self.taken.setdefault(message.message_id, message)

    def subjects(self) -> list[str]:
        return [message.subject for message in self.tried]


class OutboxCase:
    """Its time passes at `loop`, but for the pauses between attempts."""

    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.broker = FakeBroker()
        self.batched = True
        self.signer = LocationSigner(new_seed(Role.USER))
        self.outbox = Outbox(SUBJECT, self.broker.publish, self.signer, batched=lambda: self.batched)

    async def send(self, *check_ids: UUID) -> None:
        """Send them at one moment. The first one goes by itself if nothing was sent for QUIET_SECONDS."""
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for check_id in check_ids:
                group.create_task(self.outbox.send(check_id, body(check_id), at_once=False))
            await settled()
            self.loop.pass_time(QUIET_SECONDS)


async def settled() -> None:
    """Let every task go on until it waits for time to pass."""
    for _ in range(20):
        await asyncio.sleep(0)


def body(check_id: UUID) -> bytes:
    return b'{"n":%d}' % check_id.int


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> OutboxCase:
    case = OutboxCase()
    monkeypatch.setattr(outbox_module, "_FIRST_PAUSE_SECONDS", 0.001)
    for module in (outbox_module, batch_answers):
        monkeypatch.setattr(module, "monotonic", case.loop.time)
    monkeypatch.setattr(outbox_module, "Gathering", lambda send, _: Gathering(send, case.loop))
    return case


async def test_what_comes_after_the_first_goes_in_one_message_with_one_signature(case: OutboxCase) -> None:
    await case.send(*IDS)
    first, rest = case.broker.tried
    assert (first.subject, first.body) == (SUBJECT, body(IDS[0]))
    assert (rest.subject, results_in(rest.body)) == (TOGETHER, [body(one) for one in IDS[1:]])
    for message in (first, rest):
        verify_location(RESULT, message.subject, message.body, message.headers[SIGNATURE])
    assert case.outbox.waiting == 0
    assert all(one in case.outbox for one in IDS)


async def test_results_go_one_by_one_while_the_controllers_do_not_read_batches(case: OutboxCase) -> None:
    case.batched = False
    await case.send(*IDS[:4])
    assert case.broker.subjects() == [SUBJECT] * 4
    case.batched = True
    await case.send(*IDS[4:])
    assert case.broker.subjects()[4:] == [TOGETHER]


async def test_a_batch_that_is_refused_is_sent_again_as_it_is(case: OutboxCase) -> None:
    left = 3

    def refuse(message: Message) -> BusError | None:
        nonlocal left
        left -= message.subject == TOGETHER
        return BrokerRefusedError("full") if message.subject == TOGETHER and left >= 0 else None

    case.broker.refuse = refuse
    await case.send(*IDS)
    batches = [message for message in case.broker.tried if message.subject == TOGETHER]
    assert len(batches) == 4
    assert len({message.message_id for message in batches}) == 1
    assert len(case.broker.taken) == 2


async def test_a_batch_that_waits_goes_one_by_one_if_controllers_do_not_read_it_any_more(case: OutboxCase) -> None:
    def refuse(message: Message) -> BusError | None:
        if message.subject != TOGETHER:
            return None
        case.batched = False  # meanwhile they went back to an earlier version
        return BrokerRefusedError("not connected to NATS")

    case.broker.refuse = refuse
    await case.send(*IDS)
    assert case.broker.subjects() == [SUBJECT, TOGETHER] + [SUBJECT] * 7
    assert {message.body for message in case.broker.taken.values()} == {body(one) for one in IDS}


@pytest.mark.parametrize("error", [BusError("no answer"), BrokerRefusedError("full")], ids=["no answer", "refused"])
async def test_a_result_is_sent_again_alone_if_the_broker_does_not_confirm_its_message(
    case: OutboxCase, error: BusError
) -> None:
    await case.send(*IDS)
    case.broker.refuse = lambda message: error if message.subject == TOGETHER else None
    await asyncio.wait_for(case.outbox.send_again(IDS[5]), 30)
    assert case.broker.subjects()[2:] == [TOGETHER, SUBJECT]
    assert case.broker.tried[-1].body == body(IDS[5])


async def test_a_result_is_sent_again_alone_if_controllers_do_not_read_batches_any_more(case: OutboxCase) -> None:
    await case.send(*IDS)
    case.batched = False
    await case.outbox.send_again(IDS[5])
    assert [(message.subject, message.body) for message in case.broker.tried[2:]] == [(SUBJECT, body(IDS[5]))]


async def test_where_no_batches_are_taken_results_go_one_by_one_and_go_on_so(case: OutboxCase) -> None:
    """Without the right to publish on a subject a client gets no answer at all."""
    case.broker.refuse = lambda message: BusError("no answer") if message.subject == TOGETHER else None
    await case.send(*IDS[:4])
    assert {message.body for message in case.broker.taken.values()} == {body(one) for one in IDS[:4]}
    await case.send(*IDS[4:])
    assert case.broker.subjects().count(TOGETHER) == 1
    assert len(case.broker.taken) == 8
    case.loop.pass_time(SHORTEST_SECONDS)
    case.broker.refuse = lambda _: None
    await case.send(*[UUID(int=number) for number in range(100, 104)])
    assert case.broker.subjects().count(TOGETHER) == 2


async def test_a_message_with_several_that_is_lost_once_ends_batches_for_seconds_only(case: OutboxCase) -> None:
    """A restart of the broker in less than the time to wait for an answer looks like this."""
    lost = {TOGETHER}

    def refuse(message: Message) -> BusError | None:
        if message.subject in lost:
            lost.clear()
            return BusError("no answer")
        return None

    case.broker.refuse = refuse
    await case.send(*IDS[:4])
    case.loop.pass_time(SHORTEST_SECONDS)
    await case.send(*IDS[4:])
    assert case.broker.subjects()[-1] == TOGETHER
    assert len(case.broker.taken) == 6


async def test_a_broker_that_was_away_gets_batches_again(case: OutboxCase) -> None:
    left = 8
    unanswered: set[str] = set()

    def refuse(message: Message) -> BusError | None:
        nonlocal left
        left -= 1
        if left >= 0:
            unanswered.add(message.subject)
            return BusError("no answer")
        return None

    case.broker.refuse = refuse
    await case.send(*IDS[:4])
    assert unanswered == {SUBJECT, TOGETHER}
    case.loop.pass_time(QUIET_SECONDS)  # until the first one goes by itself again
    await case.send(*IDS[4:])
    assert case.broker.subjects()[-1] == TOGETHER


async def test_a_result_is_sent_again_in_the_message_that_the_broker_has(case: OutboxCase) -> None:
    await case.send(*IDS)
    before = dict(case.broker.taken)
    await case.outbox.send_again(IDS[5])
    await case.outbox.send_again(IDS[0])
    assert len(case.broker.tried) == 4
    assert case.broker.taken == before


async def test_who_gives_up_waiting_leaves_the_result_to_be_sent(case: OutboxCase) -> None:
    opened = asyncio.Event()
    case.broker.refuse = lambda _: None if opened.is_set() else BrokerRefusedError("away")
    sending = asyncio.create_task(case.outbox.send(IDS[0], body(IDS[0])))
    await settled()
    sending.cancel()
    await asyncio.wait([sending])
    again = asyncio.create_task(case.outbox.send_again(IDS[0]))
    await settled()
    assert not again.done()
    assert case.outbox.waiting == 1
    opened.set()
    await asyncio.wait_for(again, 30)
    assert case.outbox.waiting == 0


async def test_what_is_not_sent_when_the_outbox_is_closed_is_given_up(case: OutboxCase) -> None:
    case.broker.refuse = lambda _: BrokerRefusedError("away")
    sending = asyncio.create_task(case.outbox.send(IDS[0], body(IDS[0])))
    await settled()
    await case.outbox.close()
    await asyncio.wait_for(asyncio.wait([sending]), 30)
    assert sending.cancelled()
    assert IDS[0] not in case.outbox


async def test_what_waits_for_others_when_the_outbox_is_closed_is_not_sent_later(case: OutboxCase) -> None:
    await case.outbox.send(IDS[0], body(IDS[0]))
    sending = asyncio.create_task(case.outbox.send(IDS[1], body(IDS[1]), at_once=False))
    await settled()
    await case.outbox.close()
    case.loop.pass_time(QUIET_SECONDS)
    await asyncio.wait_for(asyncio.wait([sending]), 30)
    assert sending.cancelled()
    assert case.broker.subjects() == [SUBJECT]
    assert case.outbox.waiting == 0


@pytest.mark.parametrize("lost", [0, 1], ids=["ends at once", "loses a cancellation"])
async def test_nothing_is_being_sent_any_more_once_the_outbox_is_closed(lost: int) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def publish(_: Message) -> None:
        nonlocal lost
        while True:
            try:
                began.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost -= 1
                if lost < 0:
                    ended.set()
                    raise

    outbox = Outbox(SUBJECT, publish, LocationSigner(new_seed(Role.USER)))
    sending = asyncio.create_task(outbox.send(IDS[0], body(IDS[0])))
    await began.wait()
    async with asyncio.timeout(30):
        await outbox.close()
        assert ended.is_set()
        await asyncio.wait([sending])


async def test_each_result_of_a_batch_can_be_sent_alone_under_the_id_by_which_others_ask_for_it(
    case: OutboxCase,
) -> None:
    await case.send(*IDS)
    alone = case.outbox.alone([IDS[3], UUID(int=99), IDS[0]])
    assert [(message.subject, message.body) for message in alone] == [
        (SUBJECT, body(IDS[3])),
        (SUBJECT, body(IDS[0])),
    ]
    asked = case.outbox.questions([IDS[3], IDS[0]])
    assert [message.message_id for message in asked] == [message.message_id for message in alone]
    assert alone[1].message_id == case.broker.tried[0].message_id
