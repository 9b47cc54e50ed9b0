"""One of each role and scope, and what the table of roles in the contract says of each.

It is written down from that table; no line of the product helps to compute it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

READ = frozenset({"read"})
WRITE = READ | {"create", "config", "status", "delete", "trigger"}
CUSTOMERS = {"own": CUSTOMER, "other": OTHER_CUSTOMER, "strange": STRANGE_CUSTOMER}


@dataclass(frozen=True)
class Who:
    """What the table of roles says: what it may do to monitors, and whose it reaches."""

    may: frozenset[str]
    reaches: tuple[str, ...]
    everywhere: bool = False


WHO = {
    "organization token": Who(WRITE, ("own", "other")),
    "customer token": Who(WRITE, ("own",)),
    "admin": Who(WRITE, ("own", "other")),
    "admin of one customer": Who(WRITE, ("own",)),
    "user": Who(WRITE, ("own", "other")),
    "user of one customer": Who(WRITE, ("own",)),
    "editor": Who(WRITE, ("own", "other")),
    "editor of one customer": Who(WRITE, ("own",)),
    "readonly of one customer": Who(READ | {"status"}, ("own",)),
    "readonly of none": Who(READ | {"status"}, ()),
    "global supporter": Who(READ, ("own", "other", "strange"), everywhere=True),
    "global admin": Who(WRITE, ("own", "other", "strange"), everywhere=True),
}

SAMPLE = (
    "organization token",
    "admin",
    "admin of one customer",
    "user",
    "readonly of one customer",
    "global supporter",
    "global admin",
)
"""Whom every route is asked by. Whether each role, limit and permission is decided rightly is tested in full without
HTTP (tests/unit/test_access.py); here it shows whether a route asks for the right permission at the right place. Where
two permissions differ for anybody, they differ for one of these. Lists are filtered in SQL: everybody asks for them.
"""

PEOPLE = frozenset(WHO) - {"organization token", "customer token"}

UPTIMEIFY = {"smtp": "/api/smtp-monitors", "imap-pop": "/api/imap-pop-monitors"}


@dataclass
class World:
    api: Api
    client: httpx.AsyncClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    organizations: dict[str, int] = field(default_factory=dict)

    async def monitor(self, where: str, group: str = "smtp") -> dict[str, Any]:
        answer = await self.client.post(
            UPTIMEIFY[group],
            json={"customerId": CUSTOMERS[where], "name": "M", "hostname": "mail.example.com"},
            headers=self.headers["global admin"],
        )
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=self.headers[who], params=params)


@asynccontextmanager
async def all_roles(api: Api) -> AsyncIterator[World]:
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    operators = await api.value("INSERT INTO organization (name) VALUES ('Operators') RETURNING id")
    own = [api.customer]
    people = {
        "admin": (Role.ADMIN, ours, None),
        "admin of one customer": (Role.ADMIN, ours, own),
        "user": (Role.USER, ours, None),
        "user of one customer": (Role.USER, ours, own),
        "editor": (Role.EDITOR, ours, None),
        "editor of one customer": (Role.EDITOR, ours, own),
        "readonly of one customer": (Role.READONLY, ours, own),
        "readonly of none": (Role.READONLY, ours, None),
        "global supporter": (Role.GLOBAL_SUPPORTER, operators, None),
        "global admin": (Role.GLOBAL_ADMIN, operators, None),
    }
    async with client_of(api.application) as client:
        made = World(api, client, organizations={"Ours": ours, "Strange": strange, "Operators": operators})
        made.headers["organization token"] = {"Authorization": api.client.headers["Authorization"]}
        made.headers["customer token"] = {"Authorization": f"Bearer {api.customer_token}"}
        for name, (role, organization, customers) in people.items():
            made.headers[name] = (await person(api, role, organization=organization, customers=customers)).headers
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'Germany', 'DE', 'x')"
        )
        yield made
