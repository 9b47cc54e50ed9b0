"""The command `watch`: shows results, verdicts and incidents in the terminal as they come."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any
from uuid import UUID

from controller.broker.login import KEYS_ENDED
from controller.commands.command import CommandError, settings_of
from controller.errors import InvalidError
from controller.model.values.countries import country_code
from controller.settings import EnrolmentSettings
from controller.store.locations import locations
from controller.store.monitors.names import Named, ids_by_name
from controller.store.platform.pool import Database
from controller.trust.claims import controller_credentials
from controller.watch.event_filter import WatchFilter
from controller.watch.showing import show_events
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.wire.messages import ResultStatus
from shared.wire.targets import KINDS

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    watch = commands.add_parser(
        "watch",
        help="follow results, verdicts and incidents, one line each",
        description="Follow results, verdicts and incidents from now on, one line each; times are UTC. An option given "
        "several times matches any of its values. --country, --location and --status apply to results only, so they "
        "leave out verdicts and incidents.",
    )
    for what in Named:
        watch.add_argument(f"--{what}", action="append", default=[], metavar="NAME-OR-UUID")
    watch.add_argument("--country", action="append", default=[], metavar="CC", help="only results from this country")
    watch.add_argument(
        "--location", action="append", default=[], metavar="CODE", help="only results from this location"
    )
    watch.add_argument("--kind", action="append", default=[], choices=KINDS, help="only monitors of this kind")
    watch.add_argument(
        "--status",
        action="append",
        default=[],
        choices=[status.value for status in ResultStatus],
        help="only results with this status",
    )
    watch.add_argument("--events", action="store_true", help="everything but results and gaps")
    watch.add_argument(
        "--json", action="store_true", help="print events as JSON, as they are on the stream, one a line"
    )
    watch.set_defaults(command=_watch)


async def _watch(options: argparse.Namespace) -> None:
    if options.events and (options.country or options.location or options.status):
        raise CommandError("--events leaves results out, and --country, --location and --status show nothing else")
    settings = settings_of(EnrolmentSettings)
    broker = settings.broker(controller_credentials(settings.trust_file.value, utc_now()))
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        choice = await _choice(database, options)
        async with Bus.open(broker, name="watch") as bus:
            await _until_refused(bus, show_events(database, bus, choice, as_json=options.json))


async def _until_refused(bus: Bus, showing: Coroutine[Any, Any, None]) -> None:
    """Show events to the end, or raise CommandError when NATS has refused the login for good."""
    shown, refused = asyncio.ensure_future(showing), asyncio.ensure_future(bus.refused())
    try:
        await asyncio.wait([shown, refused], return_when=asyncio.FIRST_COMPLETED)
    finally:
        shown.cancel()
        refused.cancel()
        await asyncio.wait([shown, refused])
    if not shown.cancelled():
        return shown.result()
    raise CommandError(KEYS_ENDED)


async def _choice(database: Database, options: argparse.Namespace) -> WatchFilter:
    """Raises CommandError for a name that does not exist, StoreUnavailableError when a lookup fails."""
    try:
        countries = frozenset(country_code(country, field="--country") for country in options.country)
    except InvalidError as error:
        raise CommandError(str(error)) from error
    for code in options.location:
        if await locations.by_code(database, code.lower()) is None:
            raise CommandError(f"there is no location {code!r}")
    return WatchFilter(
        organizations=await _ids(database, Named.ORGANIZATION, options.organization),
        customers=await _ids(database, Named.CUSTOMER, options.customer),
        monitors=await _ids(database, Named.MONITOR, options.monitor),
        kinds=frozenset(options.kind),
        countries=countries,
        locations=frozenset(code.lower() for code in options.location),
        statuses=frozenset(options.status),
        results=not options.events,
    )


async def _ids(database: Database, what: Named, names: list[str]) -> frozenset[UUID]:
    """The ids of all objects with these names or ids; a name need not be unique."""
    found: set[UUID] = set()
    for name in names:
        ids = await ids_by_name(database, what, name)
        if not ids:
            raise CommandError(f"there is no {what} {name!r}")
        found.update(ids)
    return frozenset(found)
