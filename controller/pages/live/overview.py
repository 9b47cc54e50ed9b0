"""The overview while it is open: rows that changed, and what stands above them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from controller.operations.overview.overview import bar_time
from controller.pages.live.changes import Changes
from controller.pages.live.frames import ViewMessage
from controller.pages.live.views import Context, LiveView
from controller.pages.overview.live import OverviewPatch, OverviewScreen, overview_patch
from controller.streaming.subscription import Subscription
from shared.clock import utc_now

_NO_TOKEN = ""
"""Everybody gets the same bytes, so the forms in them have no token: the page's script puts its own in."""

_MOST_SHOWN = 500


class LiveOverview(LiveView):
    """People who came at different times have different rows on their screens: a message has the changed rows of all.
    Which rows the page would list now is sent with it, so that each page can say what it does not show.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._query = address.partition("?")[2]
        self._screen: OverviewScreen | None = None
        """The rows that somebody may have."""
        self._listed: frozenset[UUID] | None = None
        """The rows that the page would list now."""
        self._until: datetime | None = None
        self._joined = False

    def join(self, stream: Subscription) -> None:
        super().join(stream)
        self._joined = True

    async def message(self, context: Context, changes: Changes, *, refresh: bool) -> ViewMessage | None:
        before, elements = self._listed, dict[str, str]()
        if changes.lost or not await self._admit(context) or self._bars_moved():
            return ViewMessage(view=self.address, stale=True)
        assert self._screen  # noqa: S101 - somebody was admitted
        changed = [one for one in map(UUID, changes.monitors()) if one in self._screen.monitors]
        head = refresh or changes.judged
        if changed or head:
            patch = await self._patch(context, changed, head=head, screen=self._screen)
            if patch.stale:
                return ViewMessage(view=self.address, stale=True)
            elements, self._listed = patch.elements, patch.on_page or self._listed
        shown = self._listed if self._listed != before else None
        if not elements and shown is None:
            return None
        return ViewMessage(view=self.address, patch=elements, shown=shown)

    async def _admit(self, context: Context) -> bool:
        """Take in the rows of those who have joined; False when the rows of others do not fit any more."""
        if not self._joined:
            return True
        patch = await self._patch(context, (), head=True, screen=None)
        self._joined = False
        self._listed = patch.on_page
        known, fresh = self._screen, patch.screen
        both = fresh.monitors | known.monitors if known else fresh.monitors
        fits = known is None or (known.columns, known.many_customers) == (fresh.columns, fresh.many_customers)
        if fits and len(both) <= _MOST_SHOWN:
            self._screen = msgspec.structs.replace(fresh, monitors=both)
            return True
        self._screen = fresh
        return False

    def _bars_moved(self) -> bool:
        """Whether all bars have begun a new slice of time since the message before."""
        before, self._until = self._until, bar_time(utc_now()).until
        return before not in {None, self._until}

    async def _patch(
        self, context: Context, monitors: Collection[UUID], *, head: bool, screen: OverviewScreen | None
    ) -> OverviewPatch:
        return await overview_patch(
            context.services,
            context.principal,
            self._query,
            context.base,
            _NO_TOKEN,
            monitors=monitors,
            head=head,
            screen=screen,
        )
