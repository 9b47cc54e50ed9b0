"""The controller's command line: parses, calls, and says in one line what went wrong.

Exit status 0 done, 1 refused or failed, 2 wrong usage or settings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import uvloop
from iso3166 import countries_by_alpha2

from controller.decisions.countries import country_code
from controller.decisions.monitors import is_email
from controller.enrol import FileError, add_location, bootstrap
from controller.errors import InvalidError
from controller.operations.keys import rotate_keys
from controller.settings import ControllerSettings, EnrolmentSettings, LogSettings, StoreSettings, VaultSettings
from controller.store import locations, migrate
from controller.store.pool import Database, StoreUnavailableError
from controller.vault import Vault, new_key
from shared import log, subjects
from shared.settings import SettingsError, load

S = TypeVar("S", bound=LogSettings)

_MOST_NAMED = 10


class CommandError(Exception):
    """What the user asked cannot be done; the message is one clear line."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], Coroutine[Any, Any, None]] = options.command
        uvloop.run(command(options))
    except SettingsError as error:
        for problem in error.problems:
            print(f"mailprobe-controller: {problem}", file=sys.stderr)
        return 2
    except (CommandError, FileError, migrate.SchemaError) as error:
        return _failed(str(error))
    except StoreUnavailableError as error:
        return _failed(f"the database is not there: {error}")
    except asyncpg.PostgresError as error:
        return _failed(f"the database refuses: {error}")
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def _failed(message: str) -> int:
    print(f"mailprobe-controller: {' '.join(message.split())}", file=sys.stderr)
    return 1


async def _serve(_options: argparse.Namespace) -> None:
    settings = _settings(ControllerSettings)
    # The other commands need neither the web framework nor its half second.
    from controller.app import run

    try:
        await run(settings)
    except OSError as error:
        raise CommandError(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}") from error


async def _migrate(_options: argparse.Namespace) -> None:
    await migrate.apply(_settings(StoreSettings).database_url.reveal())


async def _bootstrap(options: argparse.Namespace) -> None:
    if not is_email(options.email):
        raise CommandError(f"{options.email!r} is not an e-mail address")
    async with Database.open(_settings(StoreSettings).database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        new = await bootstrap(
            database,
            organization=options.organization,
            customer=options.customer,
            email=options.email,
            token_file=options.token_file,
            password_file=options.password_file,
        )
    if new:
        print(f"made {options.organization!r} with admin {options.email}")
        print(f"token: {options.token_file}, password: {options.password_file}")
    else:
        print("there is an organization already; nothing was changed")


async def _locations_add(options: argparse.Namespace) -> None:
    try:
        code = subjects.token(options.code)
        country = country_code(options.country, field="--country")
    except (InvalidError, ValueError) as error:
        raise CommandError(str(error)) from error
    settings = _settings(EnrolmentSettings, nats_url=options.nats_url)
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        location = await add_location(
            database,
            code=code,
            name=options.name or countries_by_alpha2[country].apolitical_name,
            country_code=country,
            nats_url=settings.nats_url,
            enrolment_file=options.enrolment,
        )
    if location is None:
        raise CommandError(f"there is a location {code!r} already")
    print(f"added {code} in {country}; its agents need {options.enrolment}")


async def _locations_list(_options: argparse.Namespace) -> None:
    async with Database.open(_settings(StoreSettings).database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        for location in await locations.all_locations(database):
            state = "enabled" if location.enabled else "disabled"
            print(f"{location.code}\t{location.country_code}\t{state}\t{location.name}")


async def _rotate_keys(_options: argparse.Namespace) -> None:
    settings = _settings(VaultSettings)
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        done = await rotate_keys(database, Vault(settings.vault_keys))
    print(f"re-encrypted {done.secrets} secrets of {done.owners} monitors and channels with the first key")
    if done.unreadable:
        raise CommandError(
            f"{len(done.unreadable)} monitors or channels hold secrets that no key of MAILPROBE_VAULT_KEYS reads, as "
            + ", ".join(done.unreadable[:_MOST_NAMED])
        )


async def _new_vault_key(_options: argparse.Namespace) -> None:
    print(new_key().reveal())


def _settings(kind: type[S], **given: str | None) -> S:
    settings = load(kind, None, **given)
    log.configure(settings.log_level, settings.log_format)
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mailprobe-controller", description="The controller of Mailprobe.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    commands.add_parser("serve", help="run the API and the pipeline until SIGTERM").set_defaults(command=_serve)
    commands.add_parser("migrate", help="bring the database to this version").set_defaults(command=_migrate)

    first = commands.add_parser("bootstrap", help="make the first organization, customer, admin and token, once")
    first.add_argument("--token-file", type=Path, required=True, metavar="FILE", help="where to write the API token")
    first.add_argument("--password-file", type=Path, required=True, metavar="FILE", help="and the admin's password")
    first.add_argument("--email", default="admin@localhost", help="of the admin (default: %(default)s)")
    first.add_argument("--organization", default="Mailprobe", metavar="NAME", help="(default: %(default)s)")
    first.add_argument("--customer", default="Default", metavar="NAME", help="(default: %(default)s)")
    first.set_defaults(command=_bootstrap)

    places = commands.add_parser("locations", help="where checks run from").add_subparsers(
        required=True, metavar="COMMAND"
    )
    add = places.add_parser("add", help="make a location and its enrolment file")
    add.add_argument("code", metavar="CODE", help="letters, digits and hyphens")
    add.add_argument("--country", required=True, metavar="CC", help="ISO 3166-1 alpha-2")
    add.add_argument("--name", help="(default: the country's)")
    add.add_argument("--enrolment", type=Path, required=True, metavar="FILE", help="where to write the enrolment file")
    add.add_argument("--nats-url", metavar="URL", help="for its agents (default: MAILPROBE_NATS_URL)")
    add.set_defaults(command=_locations_add)
    places.add_parser("list", help="list them").set_defaults(command=_locations_list)

    commands.add_parser(
        "rotate-keys", help="encrypt every stored secret with the first key of MAILPROBE_VAULT_KEYS, while serving"
    ).set_defaults(command=_rotate_keys)
    commands.add_parser("new-vault-key", help="print a key for MAILPROBE_VAULT_KEYS").set_defaults(
        command=_new_vault_key
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
