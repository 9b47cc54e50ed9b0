"""What the commands about organizations, users and tokens share: whom they are about, and how they answer."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from controller.commands.command import CommandError
from controller.errors import InvalidError
from controller.http.timestamps import timestamp
from controller.model import Organization
from controller.settings import StoreSettings
from controller.store.accounts import all_organizations, organizations
from controller.store.platform import migrate
from controller.store.platform.pool import Database


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for a program")


def print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def described(organization: Organization) -> dict[str, Any]:
    """An organization as JSON."""
    return {
        "id": organization.public_id,
        "number": organization.id,
        "name": organization.name,
        "createdAt": timestamp(organization.created_at),
    }


@asynccontextmanager
async def open_database(settings: StoreSettings) -> AsyncIterator[Database]:
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        yield database


@contextmanager
def customers_named() -> Iterator[None]:
    """Refuses customers in the words of the command line. Raises CommandError."""
    try:
        yield
    except InvalidError as error:
        if error.field not in {"customerId", "customerIds"}:
            raise
        raise CommandError("--customer must be the number or public id of a customer of the organization") from None


async def organization_called(database: Database, text: str | None) -> Organization:
    """The organization with this public id, number or name; without one, the only organization there is. Raises
    CommandError.
    """
    if text is None:
        numbers = [one.id for one in await all_organizations.listed(database)]
        wrong = "there is more than one organization: name one with --organization"
    else:
        numbers = await all_organizations.called(database, text)
        wrong = f"more than one organization is called {text!r}: give its public id"
    if len(numbers) > 1:
        raise CommandError(wrong)
    found = await organizations.by_id(database, numbers[0]) if numbers else None
    if found is None:
        raise CommandError("there is no organization yet" if text is None else f"there is no organization {text!r}")
    return found
