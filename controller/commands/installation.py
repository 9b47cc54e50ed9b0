"""The commands `serve`, `migrate` and `bootstrap`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.decisions.monitors.monitors import is_email
from controller.operations.installation.enrolment import bootstrap
from controller.settings import ControllerSettings, StoreSettings
from controller.store.platform import migrate
from controller.store.platform.pool import Database

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    commands.add_parser("serve", help="run the API and the pipeline until SIGTERM").set_defaults(command=_serve)
    commands.add_parser("migrate", help="migrate the database to this version").set_defaults(command=_migrate)

    first = commands.add_parser("bootstrap", help="create the first organization, customer, admin and API token")
    first.add_argument("--token-file", type=Path, required=True, metavar="FILE", help="where to write the API token")
    first.add_argument(
        "--password-file", type=Path, required=True, metavar="FILE", help="where to write the admin's password"
    )
    first.add_argument("--email", default="admin@localhost", help="e-mail address of the admin (default: %(default)s)")
    first.add_argument("--organization", default="Mailprobe", metavar="NAME", help="(default: %(default)s)")
    first.add_argument("--customer", default="Default", metavar="NAME", help="(default: %(default)s)")
    first.set_defaults(command=_bootstrap)


async def _serve(_options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # from the first moment, so that each stop is an orderly one
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.sleep(0)  # an earlier Ctrl-C ends the command here
    settings = settings_of(ControllerSettings)
    # Imported here, because it takes half a second that the other commands need not spend.
    from controller.app import run
    from shared.metrics_listener import PortError

    try:
        await run(settings, stop)
    except PortError as error:
        raise CommandError(str(error)) from error


async def _migrate(_options: argparse.Namespace) -> None:
    await migrate.apply(settings_of(StoreSettings).database_url.reveal())


async def _bootstrap(options: argparse.Namespace) -> None:
    if not is_email(options.email):
        raise CommandError(f"{options.email!r} is not an e-mail address")
    async with Database.open(settings_of(StoreSettings).database_url.reveal(), size=1) as database:
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
        print(f"created {options.organization!r} with admin {options.email}")
        print(f"token: {options.token_file}, password: {options.password_file}")
    else:
        print("there is an organization already; nothing was changed")
