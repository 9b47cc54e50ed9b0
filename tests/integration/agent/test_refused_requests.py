"""An agent runs what a controller signed for its location, in time, once; nothing else has any effect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import msgspec
import pytest
import structlog

from agent.intake.acceptance import Refused, Requests
from agent.metrics.counts import Counts, Refusal
from agent.net.tls import Trust
from controller.trust.keys import new_request_key
from shared.clock import BrokerClock, now_ms
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.wire import subjects
from shared.wire.enrolment import Enrolment
from shared.wire.messages import CheckRequest
from shared.wire.signing import SIGNATURE, Signer
from shared.wire.targets import KINDS, SmtpTarget
from tests.fakes.installation import SIGNER, VERIFIER
from tests.fakes.scripted_server import playing
from tests.fakes.station import request
from tests.integration.agent.at_work import POLITE, agent, ask, none_left, results, target, until_stored

SUBJECT = subjects.check("DE", "de", "smtp")
NOBODY = SmtpTarget(host="mail.example.com", port=25)


def _message(body: bytes, headers: dict[str, str]) -> Message:
    return Message(SUBJECT, body, str(uuid4()), 5, headers)


def _unsigned(asked: CheckRequest) -> Message:
    return _message(msgspec.json.encode(asked), {})


def _unknown_key(asked: CheckRequest) -> Message:
    body = msgspec.json.encode(asked)
    return _message(body, Signer(new_request_key()).headers(SUBJECT, body))


def _of_another_body(asked: CheckRequest) -> Message:
    body = msgspec.json.encode(asked)
    signed = msgspec.json.encode(msgspec.structs.replace(asked, timeout_seconds=99))
    return _message(body, SIGNER.headers(SUBJECT, signed))


def _of_another_subject(asked: CheckRequest) -> Message:
    body = msgspec.json.encode(asked)
    return _message(body, SIGNER.headers(subjects.check("DE", "de", "imap"), body))


def _no_signature(asked: CheckRequest) -> Message:
    return _message(msgspec.json.encode(asked), {SIGNATURE: "nonsense"})


def _another_location(asked: CheckRequest) -> Message:
    """Signed, and for its own location it is good."""
    body = msgspec.json.encode(msgspec.structs.replace(asked, location="us", country="US"))
    return _message(body, SIGNER.headers(SUBJECT, body))


def _far_ahead(asked: CheckRequest) -> Message:
    body = msgspec.json.encode(msgspec.structs.replace(asked, start_by=asked.due_at + timedelta(seconds=400)))
    return _message(body, SIGNER.headers(SUBJECT, body))


def _too_late(asked: CheckRequest) -> Message:
    body = msgspec.json.encode(msgspec.structs.replace(asked, start_by=asked.due_at - timedelta(seconds=1)))
    return _message(body, SIGNER.headers(SUBJECT, body))


def _without_a_zone(asked: CheckRequest) -> Message:
    """Seen before its signature is: it needs none to be sent."""
    body = msgspec.json.encode(msgspec.structs.replace(asked, start_by=asked.start_by.replace(tzinfo=None)))
    return _message(body, {SIGNATURE: "nonsense"})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(_unsigned, Refusal.UNSIGNED, id="without a signature"),
        pytest.param(_unknown_key, Refusal.UNKNOWN_KEY, id="signed with another key"),
        pytest.param(_of_another_body, Refusal.WRONG_SIGNATURE, id="with the signature of another request"),
        pytest.param(_of_another_subject, Refusal.WRONG_SIGNATURE, id="signed for another subject"),
        pytest.param(_no_signature, Refusal.UNKNOWN_KEY, id="with something else in the header"),
        pytest.param(_another_location, Refusal.FOREIGN, id="for another location"),
        pytest.param(_far_ahead, Refusal.TOO_FAR_AHEAD, id="that would be good for longer than any"),
        pytest.param(_without_a_zone, Refusal.UNREADABLE, id="whose moments are of no zone"),
        pytest.param(_too_late, None, id="that may not begin any more"),
    ],
)
async def test_a_bad_request_has_no_effect_and_the_next_is_run(
    enrolment: Enrolment, ready: Bus, trust: Trust, spoil: Callable[[CheckRequest], Message], reason: Refusal | None
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            for _ in range(3):
                await ready.publish(spoil(request(target(server))))
            asked = request(target(server))
            await ask(ready, asked)
            [result] = await results(ready, 1)
            await none_left(ready)  # the bad ones too are gone for good
            assert server.connections == 1
            await until_stored(ready, subjects.RESULTS, 0)
    assert result.check_id == asked.check_id
    [told] = [line for line in logged if line["event"].startswith("request_")]  # once for all three
    assert told["event"] == ("request_refused" if reason else "request_too_late")
    assert told.get("reason") == (reason and reason.value)


async def test_a_copy_of_an_answered_request_is_refused(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            asked = request(target(server))
            await ask(ready, asked)
            await results(ready, 1)
            await none_left(ready)
            await ask(ready, asked, "the same under another id")
            await none_left(ready)
            assert server.connections == 1
            await until_stored(ready, subjects.RESULTS, 0)
    [told] = [line for line in logged if line["event"] == "request_refused"]
    assert (told["reason"], told["check_id"]) == ("replayed", str(asked.check_id))


class Desk(NamedTuple):
    """The requests of an agent without one, from a real broker. Its wall clock is `ahead` by so many milliseconds."""

    bus: Bus
    consumer: Consumer
    requests: Requests
    counts: Counts
    ahead: list[int]

    async def next(self) -> Delivery:
        [delivery] = await self.consumer.fetch(1, 30)
        return delivery

    def refused(self) -> dict[str, int]:
        return {reason: int(count) for reason, (count,) in self.counts.refused.state().items() if count}


@pytest.fixture
async def desk(ready: Bus) -> AsyncIterator[Desk]:
    consumer = await ready.consumer(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
    counts, ahead = Counts(), [0]
    clock = BrokerClock(wall_ms=lambda: now_ms() + ahead[0])
    requests = Requests(VERIFIER, country="DE", location="de", kinds=KINDS, clock=clock, counts=counts, remembered=2)
    yield Desk(ready, consumer, requests, counts, ahead)
    await consumer.close()


async def test_a_redelivery_of_an_answered_request_is_taken_again_and_a_copy_is_not(desk: Desk) -> None:
    asked = request(NOBODY)
    await ask(desk.bus, asked)
    first = await desk.next()
    assert desk.requests.take(first) == asked
    desk.requests.answered(asked.check_id)
    await first.nak()  # its acknowledgement was lost
    again = await desk.next()
    assert desk.requests.take(again) == asked
    await again.ack()
    await ask(desk.bus, asked, "a copy")
    copy = await desk.next()
    assert desk.requests.take(copy) is Refused.FOR_GOOD
    assert desk.refused() == {"replayed": 1}
    await copy.term()


async def test_a_copy_that_comes_while_the_first_runs_belongs_to_it(desk: Desk) -> None:
    """Two schedulers may ask for the same check, when the broker forgot the first one's request."""
    asked = request(NOBODY)
    await ask(desk.bus, asked)
    await ask(desk.bus, asked, "the other scheduler's")
    assert [desk.requests.take(await desk.next()) for _ in range(2)] == [asked, asked]
    desk.requests.answered(asked.check_id)
    assert desk.refused() == {}


async def test_a_request_in_hand_that_comes_again_when_it_is_late_is_left_to_who_has_it(desk: Desk) -> None:
    asked = request(NOBODY, start_in_seconds=20)
    await ask(desk.bus, asked)
    delivery = await desk.next()
    assert desk.requests.take(delivery) == asked
    desk.ahead[0] = 30_000
    await delivery.nak()
    assert desk.requests.take(await desk.next()) == asked
    other = request(NOBODY, start_in_seconds=20)
    await ask(desk.bus, other)
    assert desk.requests.take(await desk.next()) is Refused.HERE
    assert desk.counts.too_late.state() == {"": [1]}


async def test_requests_are_forgotten_when_they_are_over_and_never_more_are_remembered_than_said(desk: Desk) -> None:
    asked = [request(NOBODY, start_in_seconds=20) for _ in range(4)]
    for each in asked:
        await ask(desk.bus, each)
        assert desk.requests.take(await desk.next()) == each
    assert list(desk.requests._taken) == [each.check_id for each in asked[2:]]
    desk.ahead[0] = 100_000
    last = request(NOBODY, start_in_seconds=150)
    await ask(desk.bus, last)
    assert desk.requests.take(await desk.next()) == last
    assert list(desk.requests._taken) == [last.check_id]
