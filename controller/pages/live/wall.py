"""A wall while it is open: all of it that changed, so that no message builds on the one before."""

from __future__ import annotations

import msgspec

from controller.model.walls import WallQuery
from controller.off_loop import off_loop
from controller.pages.live.changes import Changes
from controller.pages.live.frames import ViewMessage
from controller.pages.live.views import Context, LiveView
from controller.pages.shell.templates import macro
from controller.pages.wall.address import read_wall_query
from controller.pages.wall.reading import WallReading, read
from controller.pages.wall.view import board_view, dots_label
from controller.streaming.subscription import Subscription


class WallMessage(ViewMessage, frozen=True, kw_only=True):
    """`states` has a letter for each monitor, and `dots` says it in words; None when they have not changed."""

    states: str | None = None
    dots: str | None = None


class LiveWall(LiveView):
    """After a gap, and when somebody joins, everything is sent again."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._sent: WallMessage | None = None

    def join(self, stream: Subscription) -> None:
        super().join(stream)
        self._sent = None

    async def message(self, context: Context, changes: Changes, *, refresh: bool) -> ViewMessage | None:
        if self._sent is not None and not (changes.lost or changes.judged or refresh):
            return None
        query = read_wall_query(self.address.partition("?")[2])
        found = await read(context.services, context.principal, query)
        now = await off_loop(self._drawn, query, found)
        before, self._sent = (None if changes.lost else self._sent), now
        if before is None:
            return now
        if (now.patch, now.states) == (before.patch, before.states):
            return None
        if now.states == before.states:
            return msgspec.structs.replace(now, states=None, dots=None)
        return now if now.patch != before.patch else msgspec.structs.replace(now, patch={})

    def _drawn(self, query: WallQuery, found: WallReading) -> WallMessage:
        board = str(macro("wall/board.html", "board")(board_view(query, found.content, found.troubles)))
        return WallMessage(
            view=self.address,
            patch={"board": board},
            states=found.content.states,
            dots=dots_label(found.content),
        )
