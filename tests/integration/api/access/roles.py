"""One caller of each role and scope, with its rights according to the table of roles in the contract.

The rights are copied from that table by hand. They are not computed with code of the product.
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
class Rights:
    """What a caller may do to monitors, and the customers whose monitors it may do it to."""

    actions: frozenset[str]
    customers: tuple[str, ...]
    all_organizations: bool = False


RIGHTS = {
    "organization token": Rights(WRITE, ("own", "other")),
    "customer token": Rights(WRITE, ("own",)),
    "admin": Rights(WRITE, ("own", "other")),
    "admin of one customer": Rights(WRITE, ("own",)),
    "user": Rights(WRITE, ("own", "other")),
    "user of one customer": Rights(WRITE, ("own",)),
    "editor": Rights(WRITE, ("own", "other")),
    "editor of one customer": Rights(WRITE, ("own",)),
    "readonly of one customer": Rights(READ | {"status"}, ("own",)),
    "readonly of none": Rights(READ | {"status"}, ()),
    "global supporter": Rights(READ, ("own", "other", "strange"), all_organizations=True),
    "global admin": Rights(WRITE, ("own", "other", "strange"), all_organizations=True),
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
"""The callers that every route is tested with. tests/unit/controller/test_access.py tests all roles, scopes and
permissions in full without HTTP; these tests only show that each route checks the right permission. Any two permissions
differ for at least one caller of this sample. Lists are filtered in SQL, so they are tested with every caller.
"""

PEOPLE = frozenset(RIGHTS) - {"organization token", "customer token"}

UPTIMEIFY = {"smtp": "/api/smtp-monitors", "imap-pop": "/api/imap-pop-monitors"}


@dataclass
class CallerClients:
    """One HTTP client, and the headers of each caller."""

    api: Api
    client: httpx.AsyncClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    organizations: dict[str, int] = field(default_factory=dict)

    async def monitor(self, customer: str, group: str = "smtp") -> dict[str, Any]:
        answer = await self.client.post(
            UPTIMEIFY[group],
            json={"customerId": CUSTOMERS[customer], "name": "M", "hostname": "mail.example.com"},
            headers=self.headers["global admin"],
        )
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def request(self, caller: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=self.headers[caller], params=params)


@asynccontextmanager
async def open_caller_clients(api: Api) -> AsyncIterator[CallerClients]:
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
        clients = CallerClients(api, client, organizations={"Ours": ours, "Strange": strange, "Operators": operators})
        clients.headers["organization token"] = {"Authorization": api.client.headers["Authorization"]}
        clients.headers["customer token"] = {"Authorization": f"Bearer {api.customer_token}"}
        for name, (role, organization, customers) in people.items():
            clients.headers[name] = (await person(api, role, organization=organization, customers=customers)).headers
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'Germany', 'DE', 'x')"
        )
        yield clients
