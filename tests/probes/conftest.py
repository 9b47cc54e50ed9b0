"""Fixtures of the probes' tests: probes run on uvloop, as in production, with certificates that are made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from agent.checks.runner import ProbeContext
from tests.fakes.certificates import Certificates
from tests.fakes.context import context as composed


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def punctual(certificates: Certificates) -> AsyncIterator[ProbeContext]:
    """A probe context without loop lag, for checks that must time out: on a busy machine the loop may stand still."""
    async with composed(certificates, punctual=True) as made:
        yield made


@pytest.fixture
async def context(certificates: Certificates) -> AsyncIterator[ProbeContext]:
    async with composed(certificates) as made:
        yield made
