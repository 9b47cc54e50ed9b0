"""The command `users`: adds a person who can log in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from msgspec import UNSET

from controller.commands.accounts import add_json, customers_named, open_database, organization_called, print_json
from controller.commands.command import settings_of
from controller.commands.login_link import link_with, print_link
from controller.http.identifiers import customer_identifier
from controller.model import Role
from controller.operations.accounts.passwords import Passwords
from controller.operations.accounts.people import AccountChange, add_account
from controller.operations.accounts.sessions import make_login_code
from controller.operations.audit.recording import operator
from controller.settings import LinkSettings

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    actions = commands.add_parser("users", help="add people who can log in").add_subparsers(
        required=True, metavar="COMMAND"
    )
    new = actions.add_parser("add", help="add a person, and print a password or a login link, once")
    new.add_argument("email", metavar="EMAIL", help="e-mail address, with which the person logs in")
    new.add_argument(
        "--organization", metavar="ID", help="public id, number or name (default: the only organization there is)"
    )
    new.add_argument(
        "--role", choices=[role.value for role in Role], default=Role.USER.value, help="(default: %(default)s)"
    )
    new.add_argument("--first-name", metavar="NAME")
    new.add_argument("--last-name", metavar="NAME")
    new.add_argument(
        "--customer",
        action="append",
        default=[],
        metavar="ID",
        help="number or public id of a customer; the person sees no others; may be given more than once",
    )
    new.add_argument("--link", action="store_true", help="print a login link, with which the person chooses a password")
    add_json(new)
    new.set_defaults(command=_add)


async def _add(options: argparse.Namespace) -> None:
    settings = settings_of(LinkSettings)
    with customers_named():
        customers = [customer_identifier(customer) for customer in options.customer]
    change = AccountChange(
        email=options.email,
        first_name=options.first_name,
        last_name=options.last_name,
        role=options.role,
        customers=customers or UNSET,
    )
    async with open_database(settings) as database:
        organization = await organization_called(database, options.organization)
        with customers_named():
            account, password = await add_account(database, Passwords(), operator(), organization.id, change)
        made = await make_login_code(database, account.email) if options.link else None
    shown = None if password is None or made else password.reveal()
    if options.json:
        print_json(
            {
                "id": account.public_id,
                "email": account.email,
                "role": account.role,
                "organization": {"id": organization.public_id, "number": organization.id, "name": organization.name},
                "password": shown,
                "link": link_with(settings, made[1]) if made else None,
            }
        )
        return
    print(f"added {account.email} as {account.role} of {organization.name!r}")
    if made:
        print_link(settings, *made)
    else:
        print(f"password, shown only now: {shown}")
