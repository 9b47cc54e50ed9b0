"""An agent runs a request that a controller signed for its location, in time and once; nothing else has any effect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import msgspec
import pytest
import structlog

from agent.intake.acceptance import Refused, Requests
from agent.metrics.counts import Counts, RefusalReason
from agent.net.tls import Trust
from controller.trust.keys import new_request_key
from shared.clock import now_ms
from shared.nats.bus import Bus, Message
from shared.nats.deliveries import Consumer, Delivery
from shared.wire import subjects
from shared.wire.batches import of_requests
from shared.wire.broker_clock import BrokerClock
from shared.wire.enrolment import Enrolment
from shared.wire.messages import CheckRequest
from shared.wire.signing import SIGNATURE, Signer
from shared.wire.targets import KINDS
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.context import request
from tests.fakes.installation import SIGNER, VERIFIER
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import (
    POLITE,
    agent,
    none_left,
    results,
    send_request,
    send_together,
    target,
    until_stored,
)

SUBJECT = subjects.check("DE", "de", "smtp")
NOBODY = SmtpTarget(host="mail.example.com", port=25)


def _message(body: bytes, headers: dict[str, str]) -> Message:
    return Message(SUBJECT, body, str(uuid4()), 5, headers)


def _unsigned(check_request: CheckRequest) -> Message:
    return _message(msgspec.json.encode(check_request), {})


def _unknown_key(check_request: CheckRequest) -> Message:
    body = msgspec.json.encode(check_request)
    return _message(body, Signer(new_request_key()).headers(SUBJECT, body))


def _of_another_body(check_request: CheckRequest) -> Message:
    body = msgspec.json.encode(check_request)
    signed = msgspec.json.encode(msgspec.structs.replace(check_request, timeout_seconds=99))
    return _message(body, SIGNER.headers(SUBJECT, signed))


def _of_another_subject(check_request: CheckRequest) -> Message:
    body = msgspec.json.encode(check_request)
    return _message(body, SIGNER.headers(subjects.check("DE", "de", "imap"), body))


def _no_signature(check_request: CheckRequest) -> Message:
    return _message(msgspec.json.encode(check_request), {SIGNATURE: "nonsense"})


def _another_location(check_request: CheckRequest) -> Message:
    """It is signed, and would be valid at the location that it names."""
    body = msgspec.json.encode(msgspec.structs.replace(check_request, location="us", country="US"))
    return _message(body, SIGNER.headers(SUBJECT, body))


def _far_ahead(check_request: CheckRequest) -> Message:
    body = msgspec.json.encode(
        msgspec.structs.replace(check_request, start_by=check_request.due_at + timedelta(seconds=400))
    )
    return _message(body, SIGNER.headers(SUBJECT, body))


def _too_late(check_request: CheckRequest) -> Message:
    body = msgspec.json.encode(
        msgspec.structs.replace(check_request, start_by=check_request.due_at - timedelta(seconds=1))
    )
    return _message(body, SIGNER.headers(SUBJECT, body))


def _without_a_zone(check_request: CheckRequest) -> Message:
    """It is refused before its signature is checked, so it needs no valid one."""
    body = msgspec.json.encode(
        msgspec.structs.replace(check_request, start_by=check_request.start_by.replace(tzinfo=None))
    )
    return _message(body, {SIGNATURE: "nonsense"})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(_unsigned, RefusalReason.UNSIGNED, id="without a signature"),
        pytest.param(_unknown_key, RefusalReason.UNKNOWN_KEY, id="signed with another key"),
        pytest.param(_of_another_body, RefusalReason.WRONG_SIGNATURE, id="with the signature of another request"),
        pytest.param(_of_another_subject, RefusalReason.WRONG_SIGNATURE, id="signed for another subject"),
        pytest.param(_no_signature, RefusalReason.UNKNOWN_KEY, id="with something else in the header"),
        pytest.param(_another_location, RefusalReason.FOREIGN, id="for another location"),
        pytest.param(_far_ahead, RefusalReason.TOO_FAR_AHEAD, id="with a startBy further ahead than any request has"),
        pytest.param(_without_a_zone, RefusalReason.UNREADABLE, id="whose timestamps have no time zone"),
        pytest.param(_too_late, None, id="whose startBy has passed"),
    ],
)
async def test_a_bad_request_has_no_effect_and_the_next_is_run(
    enrolment: Enrolment,
    ready: Bus,
    trust: Trust,
    spoil: Callable[[CheckRequest], Message],
    reason: RefusalReason | None,
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            for _ in range(3):
                await ready.publish(spoil(request(target(server))))
            check_request = request(target(server))
            await send_request(ready, check_request)
            [result] = await results(ready, 1)
            await none_left(ready)  # the bad requests are removed too
            assert server.connections == 1
            await until_stored(ready, subjects.RESULTS, 0)
    assert result.check_id == check_request.check_id
    [line] = [line for line in logged if line["event"].startswith("request_")]  # one line for all three
    assert line["event"] == ("request_refused" if reason else "request_too_late")
    assert line.get("reason") == (reason and reason.value)


async def test_a_copy_of_an_answered_request_is_refused(enrolment: Enrolment, ready: Bus, trust: Trust) -> None:
    with structlog.testing.capture_logs() as logged:
        async with playing(POLITE) as server, agent(enrolment, trust):
            check_request = request(target(server))
            await send_request(ready, check_request)
            await results(ready, 1)
            await none_left(ready)
            await send_request(ready, check_request, "the same under another id")
            await none_left(ready)
            assert server.connections == 1
            await until_stored(ready, subjects.RESULTS, 0)
    [line] = [line for line in logged if line["event"] == "request_refused"]
    assert (line["reason"], line["check_id"]) == ("replayed", str(check_request.check_id))


class AcceptanceCase(NamedTuple):
    """An agent's acceptance of requests from a real broker. Its wall clock is `ahead` by so many milliseconds."""

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
async def case(ready: Bus) -> AsyncIterator[AcceptanceCase]:
    consumer = await ready.consumer(subjects.CHECKS, subjects.check_consumer("de", "smtp"))
    counts, ahead = Counts(), [0]
    clock = BrokerClock(wall_ms=lambda: now_ms() + ahead[0])
    requests = Requests(VERIFIER, country="DE", location="de", kinds=KINDS, clock=clock, counts=counts, remembered=2)
    yield AcceptanceCase(ready, consumer, requests, counts, ahead)
    await consumer.close()


async def test_a_redelivery_of_an_answered_request_is_taken_again_and_a_copy_is_not(case: AcceptanceCase) -> None:
    check_request = request(NOBODY)
    await send_request(case.bus, check_request)
    first = await case.next()
    assert case.requests.take(first) == [check_request]
    case.requests.answered(check_request.check_id)
    await first.nak()  # as if its acknowledgement had been lost
    again = await case.next()
    assert case.requests.take(again) == [check_request]
    await again.ack()
    await send_request(case.bus, check_request, "a copy")
    copy = await case.next()
    assert case.requests.take(copy) is Refused.FOR_GOOD
    assert case.refused() == {"replayed": 1}
    await copy.term()


async def test_a_copy_that_comes_while_the_first_runs_belongs_to_it(case: AcceptanceCase) -> None:
    """Two schedulers may request the same check when the broker forgot the first one's request."""
    check_request = request(NOBODY)
    await send_request(case.bus, check_request)
    await send_request(case.bus, check_request, "the other scheduler's")
    assert [case.requests.take(await case.next()) for _ in range(2)] == [[check_request], [check_request]]
    case.requests.answered(check_request.check_id)
    assert case.refused() == {}


async def test_a_late_redelivery_of_a_running_request_is_left_to_its_first_delivery(case: AcceptanceCase) -> None:
    check_request = request(NOBODY, start_in_seconds=20)
    await send_request(case.bus, check_request)
    delivery = await case.next()
    assert case.requests.take(delivery) == [check_request]
    case.ahead[0] = 30_000
    await delivery.nak()
    assert case.requests.take(await case.next()) == [check_request]
    other = request(NOBODY, start_in_seconds=20)
    await send_request(case.bus, other)
    assert case.requests.take(await case.next()) is Refused.HERE
    assert case.counts.too_late.state() == {"": [1]}


async def test_of_requests_in_one_message_those_that_are_late_or_foreign_are_left_out(case: AcceptanceCase) -> None:
    good = [request(NOBODY), request(NOBODY, start_in_seconds=40)]
    late = request(NOBODY, start_in_seconds=-1)
    foreign = msgspec.structs.replace(request(NOBODY), location="us", country="US")
    await send_together(case.bus, good[0], late, foreign, good[1])
    delivery = await case.next()
    assert case.requests.take(delivery) == good
    assert case.refused() == {"foreign": 1}
    assert case.counts.too_late.state() == {"": [1]}


async def test_a_message_whose_requests_are_all_late_is_left_to_another_agent(case: AcceptanceCase) -> None:
    await send_together(case.bus, *[request(NOBODY, start_in_seconds=-1) for _ in range(3)])
    assert case.requests.take(await case.next()) is Refused.HERE
    assert case.counts.too_late.state() == {"": [3]}


async def test_a_copy_of_what_was_answered_is_left_out_of_another_message(case: AcceptanceCase) -> None:
    done, new = request(NOBODY), request(NOBODY)
    await send_together(case.bus, done, request(NOBODY))
    first = await case.next()
    assert isinstance(case.requests.take(first), list)
    case.requests.answered(done.check_id)
    await send_together(case.bus, new, done)
    assert case.requests.take(await case.next()) == [new]
    assert case.refused() == {"replayed": 1}
    await first.nak()
    again = case.requests.take(await case.next())
    assert isinstance(again, list)
    assert again[0] == done


@pytest.mark.parametrize("key", ["known", "unknown"])
async def test_one_signature_is_valid_for_all_requests_of_a_message_or_for_none(case: AcceptanceCase, key: str) -> None:
    parts = [msgspec.json.encode(request(NOBODY)) for _ in range(2)]
    signer = SIGNER if key == "known" else Signer(new_request_key())
    headers = signer.headers(SUBJECT, of_requests(parts))
    await case.bus.publish(_message(of_requests([*parts, msgspec.json.encode(request(NOBODY))]), headers))
    await case.bus.publish(_message(parts[0], headers))
    expected = Refused.FOR_GOOD if key == "known" else Refused.HERE
    assert [case.requests.take(await case.next()) for _ in range(2)] == [expected] * 2
    assert case.refused() == {"wrong_signature" if key == "known" else "unknown_key": 2}


async def test_requests_are_forgotten_when_they_are_over_and_never_more_are_remembered_than_said(
    case: AcceptanceCase,
) -> None:
    check_requests = [request(NOBODY, start_in_seconds=20) for _ in range(4)]
    for each in check_requests:
        await send_request(case.bus, each)
        assert case.requests.take(await case.next()) == [each]
    assert list(case.requests._taken) == [each.check_id for each in check_requests[2:]]
    case.ahead[0] = 100_000
    last = request(NOBODY, start_in_seconds=150)
    await send_request(case.bus, last)
    assert case.requests.take(await case.next()) == [last]
    assert list(case.requests._taken) == [last.check_id]
