"""The command `watch`: prints the chosen events as they come, as lines or as JSON, until its reader has gone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing

from controller.store.locations.locations import all_locations
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.watch import screen
from controller.watch.event_filter import AnyEvent, WatchFilter, matches, read, subjects_of
from controller.watch.following import events_from_now
from controller.watch.lines import Columns, cells, line
from controller.watch.names import Names
from shared.nats.bus import Bus
from shared.wire import subjects

_NAME_CELLS = (8, 32)
_LOCATION_CELLS = (4, 16)


async def show_events(database: Database, bus: Bus, choice: WatchFilter, *, as_json: bool) -> None:
    """Return when the reader of standard output has gone. Raises OSError when it cannot be written to."""
    lines = None if as_json else await Lines.begin(database)
    async with aclosing(events_from_now(bus, subjects.EVENTS, subjects_of(choice))) as batches:
        try:
            async for batch in batches:
                chosen = [
                    (stored.body, event)
                    for stored in batch
                    if (event := read(stored.subject, stored.body)) is not None and matches(choice, event)
                ]
                if not chosen:
                    screen.require_reader()
                elif lines is None:
                    screen.write([body for body, _ in chosen])
                else:
                    screen.show([await lines.of(event) for _, event in chosen])
        except screen.ReaderGoneError:
            return


class Lines:
    """Renders events as lines. The widths of the columns are those of the names known at the start."""

    def __init__(self, names: Names, columns: Columns) -> None:
        self._names = names
        self._columns = columns

    @classmethod
    async def begin(cls, database: Database) -> Lines:
        names = Names(database)
        await names.refresh()
        try:
            codes = [location.code for location in await all_locations(database)]
        except StoreUnavailableError:
            codes = []
        columns = Columns(
            name=_width(names.known(), *_NAME_CELLS),
            location=_width(codes, *_LOCATION_CELLS),
            colour=screen.in_colour(),
        )
        return cls(names, columns)

    async def of(self, event: AnyEvent) -> str:
        name = "" if event.monitor_id is None else await self._names.name(event.monitor_id)
        return line(event, name, self._columns)


def _width(names: Iterable[str], least: int, most: int) -> int:
    """The width of the widest name, within these limits; `most` when no name is known."""
    return max(least, min(most, max(map(cells, names), default=most)))
