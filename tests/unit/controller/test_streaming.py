"""Streams without a broker or a client: which events match, from which subjects they are read, what the ring holds."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.errors import LimitedError
from controller.model import Principal, Role
from controller.streaming.access_review import same_access
from controller.streaming.event_filter import MOST_SUBJECTS, EventFilter, matches, replay_subjects
from controller.streaming.frames import (
    EndReason,
    StreamPosition,
    comment_frame,
    end_frame,
    epoch_of,
    event_frame,
    read_position,
)
from controller.streaming.hub import HubLimits, StreamHub
from controller.streaming.stream_event import StreamEvent
from controller.streaming.subscription import CHUNK_BYTES, Bounds, Holder, Subscription
from shared.wire import subjects
from shared.wire.messages import EventType

ORGANIZATION = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "aaaaaaaa-0000-4000-8000-000000000002"
CUSTOMER = "11111111-1111-4111-8111-111111111111"
MONITOR = "33333333-3333-4333-8333-333333333333"
EPOCH = "19a"
TYPES = frozenset(map(str, EventType))
RESULT = {"kind": "smtp", "status": "failure", "result": {"location": "de-nbg", "country": "DE", "phases": []}}


def event_of(
    sequence: int = 1,
    *,
    organization: str = ORGANIZATION,
    customer: str = CUSTOMER,
    event_type: str = "result",
    body: Any = RESULT,
) -> StreamEvent:
    subject = subjects.event(UUID(organization), UUID(customer), UUID(MONITOR), event_type)
    return StreamEvent(StreamPosition(EPOCH, sequence), subject, msgspec.json.encode(body))


def filter_of(**fields: Any) -> EventFilter:
    return EventFilter(**{"organization": ORGANIZATION, "types": TYPES} | fields)


def holder(token: int = 1) -> Holder:
    return Holder(principal=Principal(works_in=1, role=Role.ADMIN, token_id=token), credential=b"x")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, True, id="the whole organization"),
        pytest.param({"organization": OTHER}, False, id="another organization"),
        pytest.param({"types": frozenset({"verdict"})}, False, id="another type"),
        pytest.param({"customers": frozenset({CUSTOMER})}, True, id="the customer"),
        pytest.param({"customers": frozenset({OTHER})}, False, id="another customer"),
        pytest.param({"customers": frozenset()}, False, id="no customer at all"),
        pytest.param({"monitors": frozenset({MONITOR})}, True, id="the monitor"),
        pytest.param({"monitors": frozenset({OTHER})}, False, id="another monitor"),
        pytest.param({"countries": frozenset({"US", "DE"})}, True, id="one of the countries"),
        pytest.param({"countries": frozenset({"US"})}, False, id="another country"),
        pytest.param({"locations": frozenset({"de-nbg"})}, True, id="the location"),
        pytest.param({"locations": frozenset({"de"})}, False, id="another location"),
        pytest.param({"kinds": frozenset({"smtp"})}, True, id="the kind"),
        pytest.param({"kinds": frozenset({"imap"})}, False, id="another kind"),
        pytest.param({"statuses": frozenset({"failure"})}, True, id="the status"),
        pytest.param({"statuses": frozenset({"success"})}, False, id="another status"),
        pytest.param(
            {"statuses": frozenset({"failure"}), "kinds": frozenset({"imap"})}, False, id="each filter must match"
        ),
    ],
)
def test_an_event_matches_when_scope_and_every_filter_match(fields: dict[str, Any], expected: bool) -> None:
    assert matches(filter_of(**fields), event_of()) is expected


@pytest.mark.parametrize("name", ["countries", "locations", "statuses"])
def test_a_verdict_has_no_location_and_no_status_so_such_filters_leave_it_out(name: str) -> None:
    verdict = event_of(event_type="verdict", body={"kind": "smtp", "verdict": "down"})
    assert matches(filter_of(kinds=frozenset({"smtp"})), verdict)
    assert not matches(filter_of(**{name: frozenset({"DE", "de-nbg", "failure", "down"})}), verdict)


def test_a_body_is_read_only_when_a_filter_needs_it() -> None:
    event = event_of(body=[1])
    assert matches(filter_of(customers=frozenset({CUSTOMER}), monitors=frozenset({MONITOR})), event)
    assert event._details is None
    assert not matches(filter_of(kinds=frozenset({"smtp"})), event), "a body that cannot be read must match no filter"


@pytest.mark.parametrize(
    "subject", ["mailprobe.event.a.b.c", "mailprobe.result.a.b.c.d", "x", "mailprobe.event.a.b.c.d.e"]
)
def test_another_subject_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match=r"subject|unpack"):
        StreamEvent(StreamPosition(EPOCH, 1), subject, b"{}")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, ["*.*.*"], id="all"),
        pytest.param({"types": frozenset({"result"})}, ["*.*.result"], id="a type"),
        pytest.param({"customers": frozenset("ab")}, ["a.*.*", "b.*.*"], id="customers"),
        pytest.param(
            {"customers": frozenset("a"), "monitors": frozenset("mn"), "types": frozenset({"incident", "verdict"})},
            ["a.m.incident", "a.m.verdict", "a.n.incident", "a.n.verdict"],
            id="customer, monitors and types",
        ),
        pytest.param({"customers": frozenset()}, [], id="nobody: nothing"),
        pytest.param(
            {"customers": frozenset("ab"), "monitors": frozenset(map(str, range(26)))},
            ["a.*.*", "b.*.*"],
            id="too many monitors are read by their customers",
        ),
        pytest.param(
            {"customers": frozenset(map(str, range(MOST_SUBJECTS + 1))), "types": frozenset({"result"})},
            ["*.*.result"],
            id="too many customers are read by the organization",
        ),
    ],
)
def test_the_past_is_read_from_subjects_as_narrow_as_some_can_be(fields: dict[str, Any], expected: list[str]) -> None:
    prefix = f"mailprobe.event.{ORGANIZATION}."
    assert replay_subjects(filter_of(**fields)) == [prefix + each for each in expected]


def test_frames_are_what_the_standard_reads() -> None:
    position = StreamPosition(EPOCH, 7)
    assert event_frame(position, "result", b"{}") == b"id: 19a-7\nevent: result\ndata: {}\n\n"
    assert comment_frame(position) == b": still here\nid: 19a-7\n\n"
    assert comment_frame(None) == b": still here\n\n"
    for reason in EndReason:
        data = end_frame(reason).decode().split("\n")[1].removeprefix("data: ")
        assert json.loads(data)["reason"] == reason.value
        assert json.loads(data)["message"]


def test_an_id_is_read_as_it_was_written_and_nothing_else_is() -> None:
    epoch = epoch_of(datetime(2026, 1, 1, tzinfo=UTC))
    assert read_position(str(StreamPosition(epoch, 17))) == StreamPosition(epoch, 17)
    for text in ("", "17", "-1", "19a-", "19a-x", "19A-1", "19a-1 ", "19a-1\n", "19a--1", "19a-" + "9" * 19, "²-1"):
        with pytest.raises(ValueError, match="must be an id"):
            read_position(text)


def test_the_ring_reaches_back_as_far_as_its_bounds() -> None:
    hub = StreamHub(HubLimits(ring_events=5, ring_bytes=10**6))
    hub.begin(StreamPosition(EPOCH, 10))
    for sequence in (11, 12, 15, 16, 17, 18, 19):  # the broker has removed 13 and 14
        hub.deliver(event_of(sequence))
    assert hub.after(StreamPosition(EPOCH, 11), 9) is None
    for behind, first in ((12, 15), (13, 15), (14, 15), (15, 16), (18, 19)):
        events = hub.after(StreamPosition(EPOCH, behind), 9)
        assert events
        assert [events[0].sequence, events[-1].sequence] == [first, 19]
    assert [each.sequence for each in hub.after(StreamPosition(EPOCH, 12), 2) or ()] == [15, 16]
    assert hub.after(StreamPosition(EPOCH, 19), 9) == []
    assert hub.after(StreamPosition("19b", 17), 9) is None


def test_the_ring_is_bounded_by_bytes_too() -> None:
    hub = StreamHub(HubLimits(ring_bytes=3 * len(event_of(100).frame)))
    hub.begin(StreamPosition(EPOCH, 99))
    for sequence in range(100, 120):
        hub.deliver(event_of(sequence))
    assert len(hub.after(StreamPosition(EPOCH, 116), 99) or ()) == 3
    assert hub.after(StreamPosition(EPOCH, 115), 99) is None


async def test_a_subscription_gets_what_follows_its_position_and_once() -> None:
    hub = StreamHub()
    hub.begin(StreamPosition(EPOCH, 0))
    for_all, for_one = (
        hub.open(filter_of(), holder()),
        hub.open(filter_of(customers=frozenset({CUSTOMER, OTHER})), holder()),
    )
    hub.deliver(event_of(1))
    assert not for_all.waiting
    hub.join(for_all, 1)
    hub.join(for_one, 3)
    for sequence in (2, 3, 4):
        hub.deliver(event_of(sequence))
    hub.deliver(event_of(5, organization=OTHER))
    assert for_all.take().count(b"data: ") == 3
    assert for_one.take() == event_of(4).frame
    hub.close(for_all)
    hub.deliver(event_of(6))
    assert not for_all.waiting
    assert for_one.take() == event_of(6).frame


async def test_streams_are_counted_for_each_caller_and_in_all() -> None:
    hub = StreamHub(HubLimits(streams=3, streams_of_one=2))
    first = [hub.open(filter_of(), holder(1)) for _ in range(2)]
    with pytest.raises(LimitedError, match="2 at most"):
        hub.open(filter_of(), holder(1))
    hub.open(filter_of(), holder(2))
    with pytest.raises(LimitedError, match="on this controller"):
        hub.open(filter_of(), holder(2))
    hub.close(first[0])
    hub.open(filter_of(), holder(1))


@pytest.mark.parametrize("bounds", [Bounds(events=3), Bounds(bytes=3 * len(event_of().frame))], ids=["events", "bytes"])
async def test_a_queue_that_is_full_ends_and_keeps_nothing(bounds: Bounds) -> None:
    stream = Subscription(filter_of(), holder(), bounds)
    for sequence in (1, 2, 3):
        stream.offer(event_of(sequence))
    assert not stream.over
    stream.offer(event_of(4))
    assert stream.ended is EndReason.SLOW_READER
    assert stream.take() == b""
    stream.offer(event_of(5))
    assert not stream.waiting


async def test_an_end_that_comes_together_with_the_deadline_of_a_write_is_sent() -> None:
    """asyncio.Timeout cannot be rescheduled once it has expired, which is before the writer notices."""
    stream = Subscription(filter_of(), holder(), Bounds(write_seconds=0.01))
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        stream.end(EndReason.STOPPING)
        ended.set_result(None)

    async def write() -> None:
        async with stream.writing():
            assert stream._writing
            deadline = stream._writing.when()
            assert deadline
            loop.call_at(deadline, end)
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        await write()
    assert ended.done()


async def test_frames_are_taken_some_at_a_time_and_whole() -> None:
    stream = Subscription(filter_of(), holder(), Bounds())
    frame = b": " + b"x" * (CHUNK_BYTES // 2) + b"\n\n"
    for _ in range(5):
        stream.queue(frame)
    assert [len(stream.take()) // len(frame) for _ in range(4)] == [2, 2, 1, 0]
    await stream.wait(0.01)  # returns after the timeout, because there is nothing to wait for


@pytest.mark.parametrize(
    ("role", "customers", "works_in", "same"),
    [
        pytest.param(Role.USER, frozenset({1, 2}), 1, True, id="nothing changed"),
        pytest.param(Role.EDITOR, frozenset({1, 2}), 1, False, id="another role"),
        pytest.param(Role.USER, frozenset({1}), 1, False, id="a customer less"),
        pytest.param(Role.USER, frozenset({1, 2, 3}), 1, False, id="a customer more"),
        pytest.param(Role.USER, None, 1, False, id="no limit any more"),
        pytest.param(Role.USER, frozenset({1, 2}), 2, False, id="another organization"),
    ],
)
def test_a_stream_goes_on_only_while_its_holder_may_see_the_same(
    role: Role, customers: frozenset[int] | None, works_in: int, same: bool
) -> None:
    then = Principal(works_in=1, role=Role.USER, customer_ids=frozenset({1, 2}), account_id=1)
    now = Principal(works_in=works_in, role=role, customer_ids=customers, account_id=1)
    assert same_access(then, now) is same


def test_who_sees_every_organization_goes_on_in_the_one_it_named() -> None:
    named = Principal(works_in=7, role=Role.GLOBAL_ADMIN, account_id=1)
    assert same_access(named, Principal(works_in=None, role=Role.GLOBAL_ADMIN, account_id=1))
