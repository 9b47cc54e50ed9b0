"""Events of the stream, as the hub of streams and the command that shows events read them."""

from __future__ import annotations

from contextlib import suppress

from controller.streaming.event_filter import EventFilter
from controller.streaming.event_filter import matches as streams
from controller.streaming.frames import StreamPosition, read_position
from controller.streaming.stream_event import StreamEvent
from controller.watch.event_filter import WatchFilter, matches, read
from tests.fuzz.golden import golden

_SUBJECT = "mailprobe.event.11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222.{}.result"
_MONITOR = "33333333-3333-4333-8333-333333333333"
_POSITION = StreamPosition("19a0c3f5e80", 4711)

SEEDS = (
    *(_SUBJECT.format(_MONITOR).encode() + b"\n" + event for event in golden("Event")),
    b"mailprobe.event.a.b.c.verdict\n{}",
    b"mailprobe.event.a.b\n{}",
    b"19a0c3f5e80-4711\n\r\n",
)


def check(data: bytes) -> None:
    """The first line is the subject. An event is one frame with the position it came at; others are no events."""
    line, _, body = data.partition(b"\n")
    subject = line.decode("latin-1")
    with suppress(ValueError):
        assert str(read_position(subject)) == subject or subject.rpartition("-")[2].startswith("0")
    event = read(subject, body)
    if event is not None:
        for choice in (WatchFilter(), WatchFilter(results=False), WatchFilter(countries=frozenset({"DE"}))):
            assert isinstance(matches(choice, event), bool)
    try:
        streamed = StreamEvent(_POSITION, subject, body)
    except ValueError:
        return
    chosen = EventFilter(
        organization=streamed.organization, types=frozenset({streamed.event_type}), kinds=frozenset({"smtp"})
    )
    assert isinstance(streams(chosen, streamed), bool)
    assert streamed.frame.startswith(b"id: %b\n" % str(_POSITION).encode())
    assert streamed.frame.endswith(b"\n\n")
