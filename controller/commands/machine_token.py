"""The command `machine-token`: a program here, as `make run`, reads the locations with a token of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.errors import NotFoundError
from controller.operations.installation.machine_tokens import is_valid, keep_machine_token
from controller.settings import StoreSettings
from controller.store.platform import migrate
from controller.store.platform.pool import Database

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    keep = commands.add_parser(
        "machine-token",
        help="keep a token in a file, with which a program on this machine reads the locations and no monitors",
    )
    keep.add_argument(
        "--file",
        type=Path,
        required=True,
        metavar="FILE",
        help="where it is kept; a token that is missing or does not work any more is made anew",
    )
    keep.add_argument("--check", type=Path, metavar="FILE", help="say, too, whether the API token in this file works")
    keep.set_defaults(command=_keep)


async def _keep(options: argparse.Namespace) -> None:
    async with Database.open(settings_of(StoreSettings).database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        try:
            made = await keep_machine_token(database, options.file)
        except NotFoundError as error:
            raise CommandError(str(error)) from error
        print(f"made a machine token in {options.file}" if made else f"the machine token in {options.file} works")
        if options.check:
            works = await is_valid(database, options.check)
            print(f"the token in {options.check} {'works' if works else 'does not work'}")
