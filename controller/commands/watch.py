"""`watch`: results, verdicts and incidents in the terminal, as they come."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING
from uuid import UUID

from controller.commands.command import CommandError, settings_of
from controller.errors import InvalidError
from controller.model.values.countries import country_code
from controller.settings import EnrolmentSettings
from controller.store.locations import locations
from controller.store.monitors.names import Named, called
from controller.store.platform.pool import Database
from controller.trust.claims import controller_credentials
from controller.watch.choice import Choice
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
        help="follow results, verdicts and incidents, a line each",
        description="Follow results, verdicts and incidents from now on, a line each; times are UTC. An option that is "
        "given several times shows what any of its values names. --country, --location and --status are about results, "
        "so verdicts and incidents are left out with them.",
    )
    for what in Named:
        watch.add_argument(f"--{what}", action="append", default=[], metavar="NAME-OR-UUID")
    watch.add_argument("--country", action="append", default=[], metavar="CC", help="results from there")
    watch.add_argument("--location", action="append", default=[], metavar="CODE", help="results from there")
    watch.add_argument("--kind", action="append", default=[], choices=KINDS, help="of the monitor")
    watch.add_argument(
        "--status", action="append", default=[], choices=[status.value for status in ResultStatus], help="of results"
    )
    watch.add_argument("--events", action="store_true", help="verdicts and incidents only")
    watch.add_argument("--json", action="store_true", help="events as they are on the stream, one a line")
    watch.set_defaults(command=_watch)


async def _watch(options: argparse.Namespace) -> None:
    if options.events and (options.country or options.location or options.status):
        raise CommandError("--events leaves results out, and --country, --location and --status show nothing else")
    settings = settings_of(EnrolmentSettings)
    broker = settings.broker(controller_credentials(settings.trust_file.value, utc_now()))
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        choice = await _choice(database, options)
        async with Bus.open(broker, name="watch") as bus:
            await show_events(database, bus, choice, as_json=options.json)


async def _choice(database: Database, options: argparse.Namespace) -> Choice:
    """Raises CommandError for what is not there, StoreUnavailableError when something must be looked up."""
    try:
        countries = frozenset(country_code(country, field="--country") for country in options.country)
    except InvalidError as error:
        raise CommandError(str(error)) from error
    for code in options.location:
        if await locations.by_code(database, code.lower()) is None:
            raise CommandError(f"there is no location {code!r}")
    return Choice(
        organizations=await _ids(database, Named.ORGANIZATION, options.organization),
        customers=await _ids(database, Named.CUSTOMER, options.customer),
        monitors=await _ids(database, Named.MONITOR, options.monitor),
        kinds=frozenset(options.kind),
        countries=countries,
        locations=frozenset(code.lower() for code in options.location),
        statuses=frozenset(options.status),
        results=not options.events,
    )


async def _ids(database: Database, what: Named, words: list[str]) -> frozenset[UUID]:
    """All that are called so: a name need not be unique."""
    found: set[UUID] = set()
    for word in words:
        ids = await called(database, what, word)
        if not ids:
            raise CommandError(f"there is no {what} {word!r}")
        found.update(ids)
    return frozenset(found)
