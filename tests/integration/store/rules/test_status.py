"""The status that somebody gave a monitor: the rule and its SQL function agree."""

from __future__ import annotations

import pytest

from controller.decisions.maintenance.by_status import set_status
from controller.model import MonitorStatus
from tests.integration.store.conftest import Store


@pytest.mark.parametrize("status", MonitorStatus)
@pytest.mark.parametrize("stored", ["active", "disabled"])
async def test_the_function_and_the_rule_agree(store: Store, status: MonitorStatus, stored: str) -> None:
    monitor = await store.monitor(status=status)
    expected = set_status(stored, has_window=status is MonitorStatus.MAINTENANCE)
    assert await store.value("SELECT set_status($1, $2)", monitor.id, stored) == expected
