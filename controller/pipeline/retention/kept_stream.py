"""What a replay of the stream needs: the position of EVENTS every minute, and events as long as results are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.broker.replay import stream_state
from controller.decisions.history.retention import RetentionChoice, kept, results_since
from controller.store.events import kept as kept_events
from controller.store.events import marks
from controller.store.platform.pool import Database
from controller.store.retention import choices
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.nats.bus import Bus
from shared.wire import subjects

MARK_SECONDS = 60.0
FORGET_SECONDS = 3600.0


async def mark_position(db: Database, bus: Bus) -> None:
    """Raises BusError, StoreUnavailableError."""
    state = await stream_state(bus, subjects.EVENTS)
    await marks.note(db, f"{to_ms(state.created):x}", state.last)


async def forget_events(db: Database, now: datetime | None = None) -> None:
    """Remove kept events and marks that are older than the results. Raises StoreUnavailableError."""
    now = now or utc_now()
    async with db.connection() as connection:
        installation = await choices.of_installation(connection)
        own = await choices.of_organizations(connection)
    since = results_since(kept(installation, RetentionChoice(), now), now)
    await kept_events.forget(
        db, since, {number: results_since(kept(installation, choice, now), now) for number, _, choice in own}
    )
    await marks.forget(db, since - timedelta(days=1))  # so that what is kept has marks before it
