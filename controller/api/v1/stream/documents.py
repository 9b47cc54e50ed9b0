"""The description of streams in the OpenAPI document, with an example of each kind of event."""

from __future__ import annotations

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example

from controller.http.event_stream import EVENT_STREAM
from controller.streaming.frames import (
    EndReason,
    StreamPosition,
    comment_frame,
    end_frame,
    event_frame,
    expired_frame,
    retry_frame,
)
from shared.wire.targets import KINDS

DESCRIPTION = """\
Server-sent events, for a browser's `EventSource` (the cookie of `POST /api/session` will do), curl or any client.
`event:` is the type and `data:` the JSON of the event as the AsyncAPI document describes it, on one line.
Filters take several values with commas; an event must match each filter.

**Resuming.** `id:` is a position in the stream. Send the last one as `Last-Event-ID`, as `EventSource` does by itself,
and the stream continues after it without loss or repeat, at any controller, as far back as the broker keeps events (24
hours). What is older comes from the database for as long as results are kept: such events have `"replayed": true`,
and some around the borders may come again (`type` and `eventId` tell). Replayed results come by due moment and have no
transcript; other events come as they were published.

**What is missing.** `event: gap` with `"type": "lost"` in its data says what may be missing: `reason`, the ids `from`
and `to` (null where they are not known), `types` (null: all), and a `message`. `expired` and `replaced`: the broker no
longer has them, and nobody knows from when they were. `not_kept`: the database does not have them either; gaps of
checks are never replayed. `lost`: numbers `firstSequence` to `lastSequence` of the customer, or organization, `owner`
never came; a stream with a filter is told, too. (A check without a result is a gap, too: `"type": "gap"`.)

**Comments.** A line `: still here` comes every 15 seconds. It may carry an id, so that the position moves on when a
filter rarely matches. The first comes at once, so that a stream can be resumed before its first event. A stream without
`Last-Event-ID` begins there; on a controller that has just started, it begins when that controller has reached the
broker. While the broker is unavailable the stream stays open, comments go on, and so do events once it is back. While
the database is unavailable no stream can be opened: the answer is 503, or, to a client that accepts
`text/event-stream`, a stream that ends at once, because a browser never connects again after another status.

**The end.** `event: end` is the last event of a stream that the controller ends. `reason` is `stopping` (the controller
stops; connect again), `revoked` (the token or session has ended), `access_changed` (role or customers have changed;
connect again), `slow_reader` (10,000 events or 4 MiB waited, or a write took 30 seconds; connect again with the last
id) or `unavailable` (the database is unavailable; connect again with the last id). A client that does not read may be
cut off without it. A caller may hold 100 streams open and open 1000 a minute; they do not count as requests. Ignore
event types that you do not know: there may be more in future.
"""

V1_DESCRIPTION = (
    DESCRIPTION
    + """
**From a moment.** With `from` the stream begins with what is kept since then, from the database, and goes on with what
happens now.
"""
)

_EPOCH = "19a0c3f5e80"
_MONITOR = "33333333-3333-4333-8333-333333333333"
_EVENT: dict[str, object] = {
    "eventId": "344df537-e86c-5f96-b84e-563c483c569a",
    "type": "result",
    "organizationId": "11111111-1111-4111-8111-111111111111",
    "customerId": "22222222-2222-4222-8222-222222222222",
    "monitorId": _MONITOR,
    "occurredAt": "2026-01-01T12:00:01.000Z",
}
_RESULT = _EVENT | {
    "status": "success",
    "result": {
        "checkId": _EVENT["eventId"],
        "monitorId": _MONITOR,
        "location": "de-nbg",
        "country": "DE",
        "agent": "host-1",
        "purpose": "scheduled",
        "dueAt": "2026-01-01T12:00:00.000Z",
        "startedAt": "2026-01-01T12:00:00.200Z",
        "durationMs": 41.5,
        "phases": [{"phase": "connect", "startMs": 2.6, "durationMs": 10.25}],
        "address": "192.0.2.1",
    },
    "kind": KINDS[0],
}
_VERDICT = _EVENT | {
    "eventId": "9d0d6f0e-7f7d-5e0a-8e37-0b9a6f1f7e5c",
    "type": "verdict",
    "verdict": "down",
    "previous": "up",
    "reason": "2 of 2 locations failed, twice",
    "evidence": None,
    "kind": KINDS[0],
}


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream, as a client of server-sent events gets it. `event` is the type of the event;
    gap, too, when events may be missing; end at the end. `data` is its JSON. `id` is the position to resume at.
    `retry`, sent first, is the number of milliseconds to wait before connecting again.
    """

    data: str = ""
    event: str = "message"
    id: str = ""
    retry: int | None = None


BODIES = (StreamedEvent,)


def _frame(sequence: int, event: dict[str, object]) -> bytes:
    return event_frame(StreamPosition(_EPOCH, sequence), str(event["type"]), msgspec.json.encode(event))


def _opening(sequence: int) -> bytes:
    return retry_frame(2000) + comment_frame(StreamPosition(_EPOCH, sequence))


RESULTS = (
    _opening(4710) + _frame(4711, _RESULT) + comment_frame(StreamPosition(_EPOCH, 4720)) + end_frame(EndReason.STOPPING)
)
EVENTS = _opening(17) + expired_frame(StreamPosition(_EPOCH, 17), 4711) + _frame(4711, _RESULT) + _frame(4712, _VERDICT)


def stream_of(example: bytes) -> ResponseSpec:
    return ResponseSpec(
        data_container=StreamedEvent,
        generate_examples=False,
        description="The stream; it does not end by itself",
        media_type=EVENT_STREAM,
        examples=[Example(value=example.decode())],
    )
