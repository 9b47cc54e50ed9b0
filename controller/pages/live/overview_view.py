"""The overview while it is open: rows that changed, and what stands above them."""

from __future__ import annotations

from uuid import UUID

from controller.pages.live.changes import Changes
from controller.pages.live.frames import ViewMessage
from controller.pages.live.views import Context, View
from controller.pages.overview.live import OverviewPatch, overview_patch
from controller.streaming.subscription import Subscription

_NO_TOKEN = ""
"""Everybody gets the same bytes, so the forms in them have no token: the page's script puts its own in."""

_MOST_SHOWN = 500


class OverviewView(View):
    """People who came at different times have different rows on their screens: a message has the changed rows of all.
    Which rows the page would list now is sent with it, so that each page can say what it does not show.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._query = address.partition("?")[2]
        self._shown: set[str] = set()
        """The rows that somebody may have."""
        self._listed: frozenset[str] = frozenset()
        """The rows that the page would have if it was loaded now."""
        self._columns: tuple[str, ...] | None = None
        self._joined = False

    def join(self, stream: Subscription) -> None:
        super().join(stream)
        self._joined = True

    async def message(self, context: Context, changes: Changes, *, refresh: bool) -> ViewMessage | None:
        if changes.lost:
            return self._stale()
        head, before, elements = refresh or changes.judged, self._listed, dict[str, str]()
        drawn = set[str]()
        if head or self._joined:
            drawn = changes.monitors() & self._shown
            patch = await self._patch(context, drawn, head=True)
            if patch is None:
                return self._stale()
            # Who has just come has this head already.
            elements = {name: html for name, html in patch.elements.items() if head or name.startswith("m-")}
            self._listed = frozenset(map(str, patch.on_page or ()))
            if self._joined:
                self._shown |= self._listed
                self._joined = False
            if len(self._shown) > _MOST_SHOWN:
                self._shown = set(self._listed)
                return self._stale()
        if late := (changes.monitors() & self._shown) - drawn:
            patch = await self._patch(context, late, head=False)
            if patch is None:
                return self._stale()
            elements |= patch.elements
        shown = self._listed if self._listed != before else None
        if not elements and shown is None:
            return None
        return ViewMessage(view=self.address, patch=elements, shown=shown)

    async def _patch(self, context: Context, monitors: set[str], *, head: bool) -> OverviewPatch | None:
        """None when the table has other columns than before."""
        patch = await overview_patch(
            context.services,
            context.principal,
            self._query,
            context.base,
            _NO_TOKEN,
            monitors=[UUID(monitor) for monitor in monitors],
            head=head,
            shown=[UUID(monitor) for monitor in self._shown] or None,
        )
        before, self._columns = self._columns, patch.columns
        return patch if before in {None, patch.columns} else None

    def _stale(self) -> ViewMessage:
        return ViewMessage(view=self.address, stale=True)
