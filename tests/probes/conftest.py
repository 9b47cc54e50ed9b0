"""Probes run on uvloop, as in production, beside certificates made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from agent.checks.runner import Station
from tests.fakes.certificates import Certificates
from tests.fakes.station import station as composed


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def punctual(certificates: Certificates) -> AsyncIterator[Station]:
    """One for checks that are to time out: on a busy machine its loop may stand still for half of a short deadline."""
    async with composed(certificates, punctual=True) as made:
        yield made


@pytest.fixture
async def station(certificates: Certificates) -> AsyncIterator[Station]:
    async with composed(certificates) as made:
        yield made
