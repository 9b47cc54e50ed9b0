"""The command `tokens`: makes an API token, also when the last one is lost."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from controller.commands.accounts import add_json, customers_named, open_database, organization_called, print_json
from controller.commands.command import CommandError, settings_of
from controller.decisions.access import Permission, principal_of_person
from controller.errors import ForbiddenError
from controller.http.identifiers import customer_identifier
from controller.http.timestamps import timestamp_or_none
from controller.model import Account, ApiToken, Role
from controller.operations.accounts.tokens import DAYS, Keeping, add_token, create_token
from controller.operations.audit.recording import operator
from controller.operations.installation.row_files import replacing_secret
from controller.settings import StoreSettings
from controller.store.accounts import organizations, people
from controller.store.platform.pool import Database
from shared.secret import Secret

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    actions = commands.add_parser("tokens", help="make API tokens").add_subparsers(required=True, metavar="COMMAND")
    new = actions.add_parser("add", help="make an API token and print it, once")
    new.add_argument("--name", required=True, help="what it is for, as lists of tokens show it")
    new.add_argument(
        "--user", metavar="EMAIL", help="make it for the organization of this person, who must have the right to"
    )
    new.add_argument(
        "--organization",
        metavar="ID",
        help="public id, number or name (default: the person's, or the only organization there is)",
    )
    new.add_argument(
        "--customer", metavar="ID", help="number or public id: a token for this customer alone, with the role user"
    )
    new.add_argument("--days", type=_days, metavar="N", help="for how many days it is valid (default: until deleted)")
    new.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help="write the token to this file, readable for you alone, in place of what it holds; it is not printed then",
    )
    add_json(new)
    new.set_defaults(command=_add)


async def _add(options: argparse.Namespace) -> None:
    async with open_database(settings_of(StoreSettings)) as database:
        with customers_named():
            made, token = await _made(database, options)
        owner = await organizations.by_id(database, made.organization_id)
    _print(made, token, owner.name if owner else "", options.file, as_json=options.json)


async def _made(database: Database, options: argparse.Namespace) -> tuple[ApiToken, Secret]:
    customer = None if options.customer is None else customer_identifier(options.customer)
    if options.user is not None:
        return await _add_for(database, await _person(database, options.user), customer, options)
    organization = await organization_called(database, options.organization)
    return await add_token(
        database,
        operator(),
        organization.id,
        name=options.name,
        expires_in_days=options.days,
        customer=customer,
        keeping=_keeping(options),
    )


async def _add_for(
    database: Database, account: Account, customer: int | UUID | None, options: argparse.Namespace
) -> tuple[ApiToken, Secret]:
    """The token that this person could make. Raises CommandError, InvalidError."""
    number = account.organization_id
    if options.organization is not None:
        number = (await organization_called(database, options.organization)).id
        if number != account.organization_id and account.role is not Role.GLOBAL_ADMIN:
            raise CommandError(f"{account.email} is of another organization than {options.organization!r}")
    person = principal_of_person(account.id, account.organization_id, account.role, account.customer_ids)
    person = msgspec.structs.replace(person, works_in=number)
    permission = Permission.MANAGE_ORGANIZATION_TOKENS if customer is None else Permission.MANAGE_CUSTOMER_TOKENS
    try:
        return await create_token(
            database,
            person,
            permission,
            name=options.name,
            expires_in_days=options.days,
            customer=customer,
            by=operator(),
            keeping=_keeping(options),
        )
    except ForbiddenError:
        whole = "the whole organization: name one with --customer" if customer is None else "this customer"
        raise CommandError(f"{account.email}, whose role is {account.role}, may make no token for {whole}") from None


def _keeping(options: argparse.Namespace) -> Keeping | None:
    return None if options.file is None else partial(replacing_secret, options.file)


async def _person(database: Database, email: str) -> Account:
    login = await people.login_of(database, email)
    account = await people.by_identifier(database, login[0]) if login else None
    if account is None:
        raise CommandError(f"nobody has the address {email!r}")
    return account


def _print(made: ApiToken, token: Secret, organization: str, file: Path | None, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "id": made.id,
                "name": made.name,
                "token": None if file else token.reveal(),
                "file": None if file is None else str(file),
                "organizationId": made.organization_id,
                "customerId": made.customer_id,
                "expiresAt": timestamp_or_none(made.expires_at),
            }
        )
        return
    whose = f"customer {made.customer_name!r} of {organization!r}" if made.customer_name else repr(organization)
    until = f", until {made.expires_at:%Y-%m-%d %H:%M} UTC" if made.expires_at else ""
    if file:
        print(f"{file} holds token {made.name!r} of {whose}{until}")
    else:
        print(token.reveal())
        print(f"is token {made.name!r} of {whose}{until}; it is not shown again")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(DAYS[-1])) or int(text) not in DAYS:
        raise argparse.ArgumentTypeError(f"must be {DAYS[0]} to {DAYS[-1]} days")
    return int(text)
