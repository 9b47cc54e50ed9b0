"""An editor's browser, and an incident that burns; no other incident is there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.api.outages import Outage, make_locations, outage
from tests.integration.pages.browser import Browser, browsing_as
from tests.integration.pages.conftest import api, module_bus, module_database_url

__all__ = ["api", "module_bus", "module_database_url"]


@pytest.fixture(autouse=True)
async def no_incidents(api: Api) -> None:
    await make_locations(api)
    await api.value("DELETE FROM incident")


@pytest.fixture
async def editor(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.EDITOR) as browser:
        yield browser


@pytest.fixture
async def burning(api: Api) -> Outage:
    return await outage(api, await api.create(name="Outbound"))


def path_of(found: Outage) -> str:
    return f"/incidents/{found.incident.public_id}"
