"""Notifications while a monitor is in maintenance, and after it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.pipeline.maintenance.borders import Borders
from controller.pipeline.maintenance.notifying import notify_after_maintenance
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, addressed, subjects

OWN = "own@example.com"
MINUTE = timedelta(minutes=1)
TICK = timedelta(milliseconds=1)


def still_down(at: datetime) -> MonitorState:
    return MonitorState(
        verdict=VerdictKind.DOWN,
        severity=Severity.DOWN,
        failing_evaluations=1,
        taken_ms=to_ms(at),
        reason="1 of 1 country cannot connect: timed out",
    )


async def maintained(case: NotificationCase, since: datetime, until: datetime | None, name: str = "Patch day") -> None:
    """A window for the monitor that was made before it began, as far as loops and calls of others have written it."""
    number = await case.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, effect, expanded_until, tzdata)"
        " VALUES ($1, $2, 'UTC', now(), 'silence', 'infinity', '') RETURNING id",
        case.organization,
        name,
    )
    await case.value("INSERT INTO maintenance_target (window_id, monitor_id) VALUES ($1, $2)", number, case.monitor_id)
    await case.value(
        "INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at) VALUES ($1, $2, $2, $3)",
        number,
        since,
        until,
    )
    await case.value("UPDATE maintenance_progress SET applied_until = LEAST(applied_until, $1)", since - MINUTE)
    await case.value("UPDATE monitor SET created_at = LEAST(created_at, $1)", since - MINUTE)


async def rechecks(case: NotificationCase) -> int:
    found: int = await case.value("SELECT count(*) FROM recheck WHERE monitor_id = $1", case.monitor_id)
    return found


async def test_what_began_in_maintenance_is_sent_once_when_a_check_after_its_end_shows_it(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, notification_email=OWN, in_maintenance=True)
    incident = await case.opened()
    await case.changed(incident, "flapping")
    await case.evaluated(still_down(utc_now()))
    assert await notify_after_maintenance(case.db) == 0
    await addressed(case, in_maintenance=False)
    assert await notify_after_maintenance(case.db) == 0  # nothing is known since the end
    assert await notify_after_maintenance(case.db) == 0
    assert await case.states() == {}
    assert await rechecks(case) >= 1
    await case.evaluated(still_down(utc_now() + TICK))
    assert await notify_after_maintenance(case.db) == 1
    assert await notify_after_maintenance(case.db) == 0
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail"]
    (one,) = mail.to(OWN)
    text = one.message.get_body(("plain",))
    assert text is not None
    assert ", in maintenance until " in text.get_content()
    assert "timed out" in text.get_content()


@pytest.mark.parametrize(
    ("tick", "deliveries"),
    [
        pytest.param(-TICK, 1, id="just before it begins"),
        pytest.param(timedelta(), 0, id="as it begins"),
        pytest.param(10 * MINUTE - TICK, 0, id="just before it ends"),
        pytest.param(10 * MINUTE, 1, id="as it ends"),
    ],
)
@pytest.mark.parametrize("written", [False, True], ids=["not written yet", "written"])
async def test_the_due_moment_of_the_evidence_decides(
    case: NotificationCase, tick: timedelta, deliveries: int, *, written: bool
) -> None:
    """The evaluation is made later, by a controller that came back, or because results were late."""
    await addressed(case, notification_email=OWN)
    began = utc_now().replace(microsecond=0) - 20 * MINUTE
    await maintained(case, began, began + 10 * MINUTE)
    if written:
        await Borders(case.db).pass_due()
    await case.opened(due_at=began + tick)
    assert len((await case.states()).get(OWN, [])) == deliveries


async def test_controllers_that_were_down_at_the_end_notify_when_they_are_back(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN)
    began = utc_now() - 20 * MINUTE
    await maintained(case, began, began + 15 * MINUTE)
    await case.opened(due_at=began + MINUTE)
    await case.evaluated(still_down(began + MINUTE))
    await Borders(case.db).pass_due()
    assert await notify_after_maintenance(case.db) == 0
    assert await rechecks(case) == 1
    await case.evaluated(still_down(began + 16 * MINUTE))
    assert await notify_after_maintenance(case.db) == 1


async def test_two_windows_back_to_back_are_one(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN)
    began = utc_now() - 20 * MINUTE
    await maintained(case, began, began + 10 * MINUTE)
    await maintained(case, began + 10 * MINUTE, began + 40 * MINUTE, "Second")
    await case.opened(due_at=began + MINUTE)
    await Borders(case.db).pass_due()
    await case.evaluated(still_down(began + 11 * MINUTE))
    assert await notify_after_maintenance(case.db) == 0
    assert await rechecks(case) == 0


async def test_without_a_check_for_a_quarter_of_an_hour_people_get_what_was_known(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url, "secret": "correct horse"})
    began = utc_now() - 60 * MINUTE
    await maintained(case, began, began + 30 * MINUTE)
    await case.opened(due_at=began + MINUTE)
    await case.evaluated(still_down(began + MINUTE))
    await Borders(case.db).pass_due()
    assert await notify_after_maintenance(case.db) == 1
    await case.deliver_due()
    (received,) = hook.received
    maintenance = json.loads(received.body)["incident"]["maintenance"]
    assert not maintenance["confirmed"]
    assert datetime.fromisoformat(maintenance["to"]) == (began + 30 * MINUTE).replace(
        microsecond=(began.microsecond // 1000) * 1000
    )


async def test_what_became_worse_in_maintenance_is_sent_after_it_to_those_who_knew(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened(severity="partial")
    await case.deliver_due()
    await addressed(case, in_maintenance=True)
    await case.changed(incident, "escalated")
    await addressed(case, in_maintenance=False)
    await case.evaluated(still_down(utc_now() + TICK))
    assert await notify_after_maintenance(case.db) == 1
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Partly down: Office mail", "Down: Office mail, after a partial outage"]


async def test_what_became_worse_and_better_again_in_maintenance_is_not_sent(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened(severity="partial")
    await addressed(case, in_maintenance=True)
    await case.changed(incident, "escalated")
    await case.changed(incident, "eased", "partial")
    await addressed(case, in_maintenance=False)
    await case.evaluated(MonitorState(verdict=VerdictKind.PARTIAL, severity=Severity.PARTIAL, taken_ms=2**42))
    assert await notify_after_maintenance(case.db) == 0


async def test_an_outage_that_came_and_went_in_maintenance_notifies_nobody(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN, in_maintenance=True)
    await case.resolved(await case.opened())
    await addressed(case, in_maintenance=False)
    assert await notify_after_maintenance(case.db) == 0
    assert await case.states() == {}


async def test_an_outage_whose_end_the_check_after_maintenance_shows_notifies_nobody(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN, in_maintenance=True)
    incident = await case.opened()
    await addressed(case, in_maintenance=False)
    passing = MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, good_evaluations=1, taken_ms=2**42)
    await case.evaluated(passing)
    assert await notify_after_maintenance(case.db) == 0
    await case.resolved(incident)
    assert await notify_after_maintenance(case.db) == 0
    assert await case.states() == {}


async def test_a_receiver_notified_before_maintenance_gets_the_end_during_it(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened()
    await case.deliver_due()
    await addressed(case, in_maintenance=True)
    await case.resolved(incident)
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail", "Up again: Office mail"]


async def test_an_outage_outside_maintenance_is_not_sent_again_after_one(case: NotificationCase) -> None:
    """There was no receiver when it began. A channel that is added later gets only later changes."""
    await case.opened()
    await addressed(case, notification_email=OWN, in_maintenance=True)
    await addressed(case, in_maintenance=False)
    await case.evaluated(still_down(utc_now() + TICK))
    assert await notify_after_maintenance(case.db) == 0


async def test_who_was_to_be_notified_after_a_delay_is_notified_after_a_maintenance_that_began_meanwhile(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await case.channel("email", "NOC", {"to": OWN}, delay_seconds=3600)
    await case.opened()
    await addressed(case, in_maintenance=True)
    await case.hasten()
    await case.deliver_due()
    assert await case.states() == {OWN: ["waiting"]}
    assert await case.value("SELECT attempts FROM delivery") == 0
    await addressed(case, in_maintenance=False)
    await case.hasten()
    await case.deliver_due()
    assert mail.to(OWN) == []  # checks have a moment to show the end of the outage
    await case.value("UPDATE maintenance_time SET from_at = now() - interval '2 h', to_at = now() - interval '1 h'")
    await case.hasten()
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail"]


async def test_a_monitor_that_a_window_is_for_only_now_was_not_in_maintenance_before(case: NotificationCase) -> None:
    """The window is under way for an hour, for a label that the monitor gets now."""
    await addressed(case, notification_email=OWN)
    await Borders(case.db).pass_due()
    passed = utc_now()
    await maintained(case, passed - 60 * MINUTE, passed + 60 * MINUTE)
    await case.value("UPDATE maintenance_progress SET applied_until = $1", passed)
    await case.opened(due_at=passed - MINUTE)
    assert await case.states() == {OWN: ["waiting"]}
