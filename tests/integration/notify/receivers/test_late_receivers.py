"""Who hears late of outages hears nothing of the end of those that it never heard of."""

from __future__ import annotations

import pytest

from controller.pipeline.grouping.messages import make_group_messages
from controller.store.incidents.incidents import StoredIncident
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, subjects

LATE = "late@example.com"


@pytest.fixture
async def two(case: NotificationCase) -> list[StoredIncident]:
    """Outages of one cause, of which one is to be told to LATE in ten minutes, and the other with its group."""
    await case.value("UPDATE organization SET grouping = NULL")
    await case.channel("email", "Late", {"to": LATE}, conditions={"minIncidentDuration": 600})
    return [await case.opened(), await case.opened(await case.monitor())]


async def _all_over(case: NotificationCase, two: list[StoredIncident]) -> None:
    for one in two:
        await case.resolved(one)
    await make_group_messages(case.db)
    await case.hasten()
    await case.deliver_due()


async def test_who_was_to_be_notified_after_all_had_ended_hears_nothing(
    case: NotificationCase, two: list[StoredIncident], mail: SmtpSink
) -> None:
    await _all_over(case, two)
    assert await case.states() == {LATE: ["skipped", "skipped"]}
    assert subjects(mail, LATE) == []


async def test_who_was_notified_of_one_hears_that_all_is_over(
    case: NotificationCase, two: list[StoredIncident], mail: SmtpSink
) -> None:
    await case.claim()  # which puts it into its lane
    await case.hasten()
    await case.deliver_due()
    await _all_over(case, two)
    assert await case.states() == {LATE: ["sent", "sent"]}
    assert len(subjects(mail, LATE)) == 2
