"""A client of the API that is logged in as an admin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"


@dataclass
class AdminClient:
    """Sends requests with the session cookie of an admin of our organization, or of another `caller`."""

    api: Api
    client: httpx.AsyncClient
    account: Person
    organization: int

    async def request(
        self, method: str, path: str, body: Any = None, *, caller: Person | None = None
    ) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=(caller or self.account).headers)


@asynccontextmanager
async def open_admin_client(api: Api) -> AsyncIterator[AdminClient]:
    organization = await organization_of(api, "Ours")
    account = await person(api, Role.ADMIN, organization=organization)
    async with client_of(api.application) as client:
        yield AdminClient(api, client, account, organization)


def message(answer: httpx.Response) -> tuple[int, str]:
    """The status and the message of a problem, in our own API or in another group."""
    body = answer.json()
    return answer.status_code, body["detail"] if "detail" in body else body["message"]
