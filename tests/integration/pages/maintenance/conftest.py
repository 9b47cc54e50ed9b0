"""People who plan, in an organization without windows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.api.outages import make_locations
from tests.integration.pages.browser import Browser, browsing_as


@pytest.fixture(autouse=True)
async def nothing_planned(api: Api) -> None:
    await make_locations(api)
    await api.value("DELETE FROM maintenance_window")
    await api.value("UPDATE monitor SET deleted_at = now()")
    await api.value("UPDATE organization SET time_zone = 'Europe/Berlin'")


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.EDITOR) as browser:
        yield browser
