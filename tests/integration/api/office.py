"""An admin at work over the API, for tests of what admins do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

NOBODY = "33333333-3333-4333-8333-333333333333"


@dataclass
class Office:
    """An admin of our organization, with a cookie."""

    api: Api
    client: httpx.AsyncClient
    admin: Person
    organization: int

    async def ask(self, method: str, path: str, body: Any = None, *, who: Person | None = None) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=(who or self.admin).headers)


@asynccontextmanager
async def at_work(api: Api) -> AsyncIterator[Office]:
    organization = await organization_of(api, "Ours")
    admin = await person(api, Role.ADMIN, organization=organization)
    async with client_of(api.application) as client:
        yield Office(api, client, admin, organization)


def message(answer: httpx.Response) -> tuple[int, str]:
    """The status, and what a problem says."""
    return answer.status_code, answer.json()["message"]
