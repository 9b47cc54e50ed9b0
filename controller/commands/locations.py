"""The command `locations`: the locations that checks run from, and the keys with which their agents log in.

The commands change only the database. Running controllers pass the changes to NATS (controller.pipeline.nats_accounts),
so every command works while NATS is unavailable.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from iso3166 import countries_by_alpha2

from controller.commands.command import CommandError, settings_of
from controller.decisions.monitors.monitors import check_name
from controller.decisions.schedule.eligibility import alive, unfit_everywhere
from controller.decisions.schedule.rotation import left_blind
from controller.errors import InvalidError
from controller.model import AgentSighting, Location
from controller.model.values.countries import country_code
from controller.operations.installation.enrolment import add_location, rotate_location
from controller.operations.installation.locations import remove_location, switch_location
from controller.settings import EnrolmentSettings, StoreSettings
from controller.store.locations import keys as location_keys
from controller.store.locations import locations
from controller.store.locations.keys import GivenKey
from controller.store.monitors import unlocated
from controller.store.monitors.scheduled import scheduled_monitors
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from shared.wire import subjects

if TYPE_CHECKING:
    from controller.commands.command import Commands

OLD_KEY_DAYS = 7
_MOST_NAMED = 50
_SOON = "within 10 seconds, or as soon as a controller reaches NATS"


def add(commands: Commands) -> None:
    actions = commands.add_parser("locations", help="manage the locations that checks run from").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = actions.add_parser("add", help="add a location and write its enrolment file")
    _add_code(new, "code of the new location: letters, digits and hyphens")
    new.add_argument("--country", required=True, metavar="CC", help="ISO 3166-1 alpha-2")
    new.add_argument("--name", help="name of the location (default: the country's name)")
    _add_enrolment(new, "where to write it (default: CODE.agent); the file must not exist", "MAILPROBE_NATS_URL")
    new.set_defaults(command=_add)

    actions.add_parser("list", help="list locations: code, country, state, name, keys, agents").set_defaults(
        command=_list
    )

    rotate = actions.add_parser("rotate", help="make new keys for a location, in a new enrolment file")
    _add_code(rotate)
    _add_enrolment(
        rotate,
        "where to write it (default: CODE.agent); replaces only a file of the same location",
        "the one given last time, else MAILPROBE_NATS_URL",
    )
    keep = rotate.add_mutually_exclusive_group()
    keep.add_argument(
        "--keep-days",
        type=_count,
        metavar="N",
        help=f"for how many days the old file stays valid (default: {OLD_KEY_DAYS})",
    )
    keep.add_argument("--keep-hours", type=_count, metavar="N", help="for how many hours the old file stays valid")
    keep.add_argument(
        "--now", action="store_true", help="cut off agents with the old file at once, for a file that has leaked"
    )
    rotate.set_defaults(command=_rotate)

    disable = actions.add_parser("disable", help="stop checks from a location and cut off its agents")
    _add_code(disable)
    disable.set_defaults(command=_disable)
    enable = actions.add_parser("enable", help="resume checks from a location; its enrolment files work as before")
    _add_code(enable)
    enable.set_defaults(command=_enable)
    remove = actions.add_parser("remove", help="remove a disabled location; its history stays")
    _add_code(remove)
    remove.set_defaults(command=_remove)


def _add_code(parser: argparse.ArgumentParser, text: str = "code of the location") -> None:
    parser.add_argument("code", metavar="CODE", help=text)


def _add_enrolment(parser: argparse.ArgumentParser, file: str, default_url: str) -> None:
    parser.add_argument("--enrolment", type=Path, metavar="FILE", help=file)
    parser.add_argument(
        "--nats-url",
        metavar="URL",
        help=f"address of NATS for its agents, kept until another is given (default: {default_url})",
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be 1 to 10000")
    return number


async def _add(options: argparse.Namespace) -> None:
    code = _code(options)
    try:
        country = country_code(options.country, field="--country")
        name = countries_by_alpha2[country].apolitical_name if options.name is None else options.name
        check_name(name, field="--name")
    except InvalidError as error:
        raise CommandError(str(error)) from error
    settings = settings_of(EnrolmentSettings, nats_url=options.nats_url)
    path = _path(options, code)
    async with _database(settings) as database:
        location = await add_location(
            database,
            settings,
            code=code,
            name=name,
            country_code=country,
            enrolment_file=path,
            nats_url=options.nats_url or None,
        )
        if location is None and await locations.by_code(database, code) is None:
            raise CommandError(f"a removed location {code!r} in another country has history: choose another code")
    if location is None:
        raise CommandError(f"there is a location {code!r} already")
    print(f"added {code} in {country}; its agents need {path}")


async def _rotate(options: argparse.Namespace) -> None:
    code = _code(options)
    settings = settings_of(EnrolmentSettings, nats_url=options.nats_url)
    path = _path(options, code)
    keep = _keep(options)
    async with _database(settings) as database:
        if not await rotate_location(
            database, settings, code=code, keep=keep, enrolment_file=path, nats_url=options.nats_url or None
        ):
            raise _unknown(code)
    effect = f"work for another {_duration(keep)}" if keep else f"are cut off {_SOON}"
    print(f"made new keys for {code} in {path}; agents with the old keys {effect}")


async def _disable(options: argparse.Namespace) -> None:
    code = _code(options)
    async with _database(settings_of(StoreSettings)) as database:
        here = await switch_location(database, code, enabled=False)
        if here is None:
            raise _unknown(code)
        print(f"disabled {code}; its agents are cut off {_SOON}")
        await _print_blind_monitors(database, here)


async def _enable(options: argparse.Namespace) -> None:
    code = _code(options)
    async with _database(settings_of(StoreSettings)) as database:
        if await switch_location(database, code, enabled=True) is None:
            raise _unknown(code)
    print(f"enabled {code}; its agents can log in again {_SOON}")


async def _remove(options: argparse.Namespace) -> None:
    code = _code(options)
    async with _database(settings_of(StoreSettings)) as database:
        here = await locations.by_code(database, code)
        if here is None:
            raise _unknown(code)
        if not await remove_location(database, here):
            raise CommandError(f"{code} is enabled: first `locations disable {code}`, which cuts its agents off")
        print(f"removed {code}; its history stays, and its keys never work again")
        await _print_blind_monitors(database, here)


async def _print_blind_monitors(database: Database, lost: Location) -> None:
    """Print the monitors that no location may check now. The operators are told of them by a controller."""
    monitors = await scheduled_monitors(database)
    blind = left_blind(monitors, await locations.present_locations(database), lost)
    if blind:
        titles = await unlocated.titles_of(database, [str(one.public_id) for one in blind[:_MOST_NAMED]])
        print(f"monitors that no location may check any more ({len(blind)}):")
        for title in sorted(titles.values()):
            print(f"  {title}")
        if len(blind) > _MOST_NAMED:
            print(f"  and {len(blind) - _MOST_NAMED} more")


async def _list(_options: argparse.Namespace) -> None:
    async with _database(settings_of(StoreSettings)) as database:
        keys = await location_keys.given_keys(database)
        now, sightings = await locations.sightings(database)
        for here in await locations.present_locations(database):
            print("\t".join(_row(here, keys.get(here.id, []), alive(sightings.get(here.id, []), now))))


def _row(location: Location, keys: list[GivenKey], agents: list[AgentSighting]) -> list[str]:
    state = "enabled" if location.enabled else "disabled"
    return [location.code, location.country_code, state, location.name, _keys(keys), _agents(agents)]


def _keys(keys: list[GivenKey]) -> str:
    if not keys:
        return "no keys: rotate"
    newest, *older = (f"of {_minute(key.created_at)}" for key in keys)
    until = [f"until {_minute(key.ends_at)}" for key in keys[1:] if key.ends_at]
    known = ["keys " + newest, *(f"older {of} {end}" for of, end in zip(older, until, strict=True))]
    shared = []
    if keys[0].shared:
        shared = ["shared account: rotate"]
    elif any(key.shared for key in keys):
        shared = ["the older ones in the shared account"]
    return ", ".join(known + shared)


def _agents(agents: list[AgentSighting]) -> str:
    if not agents:
        return "no agents"
    versions = " ".join(sorted({agent.version for agent in agents}))
    unfit = "".join(f", {one.value}" for one in unfit_everywhere(agents))
    return f"{len(agents)} {'agent' if len(agents) == 1 else 'agents'} ({versions}){unfit}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


def _duration(keep: timedelta) -> str:
    hours = keep // timedelta(hours=1)
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _keep(options: argparse.Namespace) -> timedelta:
    if options.now:
        return timedelta()
    if options.keep_hours:
        return timedelta(hours=options.keep_hours)
    return timedelta(days=options.keep_days or OLD_KEY_DAYS)


def _code(options: argparse.Namespace) -> str:
    try:
        return subjects.token(options.code)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _path(options: argparse.Namespace, code: str) -> Path:
    path: Path | None = options.enrolment
    return path or Path(f"{code}.agent")


def _unknown(code: str) -> CommandError:
    return CommandError(f"there is no location {code!r}")


@asynccontextmanager
async def _database(settings: StoreSettings) -> AsyncIterator[Database]:
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        yield database
