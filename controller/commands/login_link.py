"""The command `login-link`: how somebody gets in who has no password yet, or has lost it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.model.values.public_url import PublicUrl
from controller.operations.accounts import colleagues
from controller.operations.accounts.sessions import make_login_code
from controller.settings import LinkSettings
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from shared.secret import Secret

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    link = commands.add_parser("login-link", help="print a link that logs a person in, once, within ten minutes")
    link.add_argument("--email", help="e-mail address of the person (default: the first administrator)")
    link.set_defaults(command=_login_link)


async def _login_link(options: argparse.Namespace) -> None:
    settings = settings_of(LinkSettings)
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        made = await make_login_code(database, options.email)
    if made is None:
        raise CommandError(
            f"nobody has the address {options.email!r}" if options.email else "there is no administrator"
        )
    print_link(settings, *made)


def link_with(settings: LinkSettings, code: Secret) -> str:
    """The link that logs somebody in with this code; only its path when the public address is not known."""
    return colleagues.link_with(settings.public_url or PublicUrl(), code)


def print_link(settings: LinkSettings, email: str, code: Secret) -> None:
    print(link_with(settings, code))
    print(f"logs {email} in, once, within 10 minutes; without scripts, paste the code after #code= into the login page")
    if settings.public_url is None or not settings.public_url.url:
        print("the dashboard's address stands before it; set MAILPROBE_PUBLIC_URL to have it printed")
