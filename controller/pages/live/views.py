"""Pages that follow events: which events concern each of them. All but the overview are fetched anew when they change.

A view is shared by everybody in one scope who has the same page open.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from controller.http.services import Services
from controller.model import Principal
from controller.operations.incidents.followed import FollowedIncident, follow_incident
from controller.pages.live.changes import Changes
from controller.pages.live.frames import ViewMessage
from controller.streaming.subscription import Subscription


class Context(NamedTuple):
    """Whose pages these are: `principal` is anybody of their scope, and `base` stands before every path in a link."""

    services: Services
    principal: Principal
    base: str


class LiveView:
    """A page with this address, its path and query. `pending` is what happened since its last message."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.streams: set[Subscription] = set()
        self.pending = Changes()

    def join(self, stream: Subscription) -> None:
        self.streams.add(stream)

    async def message(self, context: Context, changes: Changes, *, refresh: bool) -> ViewMessage | None:
        """What to send because of these changes; None when the page has not changed. `refresh`: also what changes
        without an event is looked up. Raises DomainError, StoreUnavailableError.
        """
        if changes.lost or await self._changed(context, changes, refresh=refresh):
            return ViewMessage(view=self.address, stale=True)
        return None

    async def _changed(self, context: Context, changes: Changes, *, refresh: bool) -> bool:  # noqa: ARG002
        return False


class LiveMonitor(LiveView):
    def __init__(self, address: str, monitor: str) -> None:
        super().__init__(address)
        self._monitor = monitor

    async def _changed(self, context: Context, changes: Changes, *, refresh: bool) -> bool:  # noqa: ARG002
        return changes.about(self._monitor)


class LiveIncident(LiveView):
    """Its deliveries have no events, so it is refreshed while one waits, and once afterwards."""

    def __init__(self, address: str, incident: UUID) -> None:
        super().__init__(address)
        self._incident = incident
        self._known: FollowedIncident | None = None

    async def _changed(self, context: Context, changes: Changes, *, refresh: bool) -> bool:
        before = self._known
        if refresh or before is None:
            self._known = await follow_incident(context.services.database, context.principal, self._incident)
        assert self._known  # noqa: S101 - for the type checker
        monitor = str(self._known.monitor)
        waiting = self._known.waiting or (before is not None and before.waiting)
        return monitor in changes.verdicts or monitor in changes.incidents or (refresh and waiting)


class LiveIncidents(LiveView):
    async def _changed(self, context: Context, changes: Changes, *, refresh: bool) -> bool:  # noqa: ARG002
        return changes.judged


class LiveLocations(LiveView):
    """Nothing announces what changes here."""

    async def _changed(self, context: Context, changes: Changes, *, refresh: bool) -> bool:  # noqa: ARG002
        return refresh
