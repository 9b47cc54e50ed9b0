"""The command `organizations`: who uses this installation, each apart from the others."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controller.commands.accounts import add_json, described, open_database, organization_called, print_json
from controller.commands.command import settings_of
from controller.http.timestamps import timestamp
from controller.operations.accounts.all_organizations import FIRST_CUSTOMER, add_organization, rename_organization
from controller.operations.audit.recording import operator
from controller.settings import StoreSettings
from controller.store.accounts import all_organizations
from controller.store.accounts.all_organizations import ListedOrganization

if TYPE_CHECKING:
    from controller.commands.command import Commands


def add(commands: Commands) -> None:
    actions = commands.add_parser(
        "organizations", help="add, list and rename the organizations that use this installation"
    ).add_subparsers(required=True, metavar="COMMAND")
    new = actions.add_parser("add", help="add an organization, with a first customer")
    new.add_argument("name", metavar="NAME", help="a name that no other organization has")
    new.add_argument(
        "--customer", default=FIRST_CUSTOMER, metavar="NAME", help="name of its first customer (default: %(default)s)"
    )
    add_json(new)
    new.set_defaults(command=_add)

    every = actions.add_parser("list", help="list organizations: number, public id, name, what they have")
    add_json(every)
    every.set_defaults(command=_list)

    rename = actions.add_parser("rename", help="give an organization another name")
    rename.add_argument("organization", metavar="ORGANIZATION", help="its public id, number or name")
    rename.add_argument("name", metavar="NAME", help="a name that no other organization has")
    add_json(rename)
    rename.set_defaults(command=_rename)


async def _add(options: argparse.Namespace) -> None:
    async with open_database(settings_of(StoreSettings)) as database:
        made = await add_organization(database, operator(), options.name, options.customer)
    if options.json:
        print_json(described(made))
    else:
        print(f"added {made.name!r}, number {made.id}, {made.public_id}")
        print(f"its first administrator: mailprobe-controller users add --organization {made.id} --role admin EMAIL")


async def _list(options: argparse.Namespace) -> None:
    async with open_database(settings_of(StoreSettings)) as database:
        found = await all_organizations.listed(database)
    if options.json:
        print_json([_item(one) for one in found])
        return
    for one in found:
        counts = (_count(one.customers, "customer"), _count(one.users, "user"), _count(one.monitors, "monitor"))
        print("\t".join([str(one.id), str(one.public_id), one.name, ", ".join(counts)]))


async def _rename(options: argparse.Namespace) -> None:
    async with open_database(settings_of(StoreSettings)) as database:
        old = await organization_called(database, options.organization)
        new = await rename_organization(database, operator(), old, options.name)
    if options.json:
        print_json(described(new))
    else:
        print(f"renamed {old.name!r} to {new.name!r}")


def _item(one: ListedOrganization) -> dict[str, object]:
    return {
        "id": one.public_id,
        "number": one.id,
        "name": one.name,
        "createdAt": timestamp(one.created_at),
        "customers": one.customers,
        "users": one.users,
        "monitors": one.monitors,
    }


def _count(number: int, of: str) -> str:
    return f"{number} {of}{'' if number == 1 else 's'}"
