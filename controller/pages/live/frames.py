"""What a page is sent while it is open, as server-sent events. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from controller.operations.monitors.verdict_counts import VerdictCounts
from controller.pages.shell.static_files import DIGEST
from controller.pages.shell.texts import iso
from controller.streaming.frames import StreamPosition, event_frame


class ViewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What changed on one page. `view` is its path and query, `patch` has elements by their ids. `shown`, if it is not
    None, are the monitors that the page would list if it was loaded now. `stale`: the page must be fetched anew.
    """

    view: str
    patch: dict[str, str] = {}
    shown: Collection[UUID] | None = None
    stale: bool = False


class _Beat(msgspec.Struct, frozen=True, kw_only=True):
    """`now` is the server's clock; the rest are the numbers of monitors with these verdicts, and the version of style
    and scripts, which a page that is older than the controller does not have.
    """

    now: str
    down: int
    partial: int
    version: str


def view_frame(message: ViewMessage) -> bytes:
    return b"event: view\ndata: %b\n\n" % msgspec.json.encode(message)


def stale_frame(view: str) -> bytes:
    return view_frame(ViewMessage(view=view, stale=True))


def beat_frame(position: StreamPosition | None, now: datetime, counts: VerdictCounts) -> bytes:
    """Everything up to this position was sent before, so a client resumes there; None leaves open where."""
    beat = msgspec.json.encode(_Beat(now=iso(now), down=counts.down, partial=counts.partial, version=DIGEST))
    return b"event: beat\ndata: %b\n\n" % beat if position is None else event_frame(position, "beat", beat)
