"""What is replayed for a position that EVENTS no longer has, and where in EVENTS the stream goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from controller.broker.replay import StreamState
from controller.store.events import marks
from controller.store.platform.pool import Database
from controller.streaming.frames import StreamPosition, epoch_of
from controller.streaming.replay import LATE, ReplaySpan
from shared.clock import utc_now

_MARGIN = timedelta(minutes=10)
"""EVENTS loses its oldest events while a replay runs, so the stream goes on behind those that it loses next."""

_OVERLAP = timedelta(minutes=1)


class Passed(NamedTuple):
    """A span to replay, and the position in EVENTS behind it."""

    span: ReplaySpan
    behind: StreamPosition


async def passed(database: Database, position: StreamPosition, state: StreamState) -> Passed | None:
    """None when nobody knows when EVENTS was at this position. Raises StoreUnavailableError."""
    since = await marks.moment_of(database, position.epoch, position.sequence)
    if since is None:
        return None
    epoch = epoch_of(state.created)
    if state.first_at is not None and state.first <= state.last:
        mark = await marks.first_after(database, epoch, state.first_at + _MARGIN)
        if mark is not None and mark.sequence <= state.last:
            span = ReplaySpan(since, since - LATE, max(since, mark.at + _OVERLAP), to_now=False)
            return Passed(span, StreamPosition(epoch, max(mark.sequence, state.first - 1)))
    return Passed(ReplaySpan(since, since - LATE, utc_now(), to_now=True), StreamPosition(epoch, state.last))
