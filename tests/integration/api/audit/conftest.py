"""A world to change for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.api.audit.world import World, open_world
from tests.integration.api.conftest import Api


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    async with open_world(api) as opened:
        yield opened
