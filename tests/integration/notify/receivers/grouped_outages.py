"""Outages of one cause and the messages about them, for tests of grouping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from controller.notify.notice import GroupNotice, Notice
from controller.pipeline.grouping.messages import make_group_messages
from controller.store.incidents.incidents import StoredIncident
from tests.integration.notify.notification_case import NotificationCase, addressed

OWN = "own@example.com"

_SHIFTED = (
    "UPDATE incident_group SET opened_at = opened_at - $1::interval",
    "UPDATE group_receiver SET due_at = due_at - $1::interval, notified_at = notified_at - $1::interval",
    "UPDATE grouped_change SET not_before = not_before - $1::interval",
    "UPDATE incident SET outage_started_at = outage_started_at - $1::interval",
    "UPDATE incident SET started_at = started_at - $1::interval, resolved_at = resolved_at - $1::interval",
)


@pytest.fixture(autouse=True)
async def grouping_on(case: NotificationCase) -> None:
    await case.value("UPDATE organization SET grouping = NULL")
    await addressed(case, customer_notification_email=OWN)


async def monitors_of(case: NotificationCase, number: int, hostname: str = "mx.example.com") -> list[int]:
    return [await case.monitor(hostname=hostname) for _ in range(number)]


async def of_new_customer(case: NotificationCase, hostname: str) -> int:
    """A monitor of a customer of its own, of which the next outages are."""
    case.customer = await case.value(
        "INSERT INTO customer (organization_id, name) SELECT $1, 'Of ' || $2 || count(*) FROM customer RETURNING id",
        case.organization,
        hostname,
    )
    return await case.monitor(hostname=hostname)


async def opened(case: NotificationCase, monitors: Sequence[int]) -> list[StoredIncident]:
    return [await case.opened(monitor) for monitor in monitors]


async def pass_time(case: NotificationCase, passed: timedelta) -> None:
    """Have that time pass for the groups."""
    for statement in _SHIFTED:
        await case.value(statement, passed)


async def later(case: NotificationCase, seconds: int) -> None:
    """Have that time pass for the groups, and make the messages that are due then."""
    await pass_time(case, timedelta(seconds=seconds))
    await make_group_messages(case.db)


async def notices_of(case: NotificationCase, receiver: str = OWN) -> list[Notice]:
    rows = await case.rows("SELECT notice FROM delivery WHERE receiver = $1 ORDER BY id", receiver)
    return [msgspec.convert(notice, Notice) for (notice,) in rows]


async def group_notices(case: NotificationCase, receiver: str = OWN) -> list[GroupNotice]:
    return [one for one in await notices_of(case, receiver) if isinstance(one, GroupNotice)]
