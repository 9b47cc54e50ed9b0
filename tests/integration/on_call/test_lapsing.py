"""The end of an acknowledgement stands in the timeline and is on the stream, once, and reminders go on."""

from __future__ import annotations

import asyncio

from controller.pipeline.on_call.lapsing import announce_lapses
from controller.store.incidents.incidents import StoredIncident
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, subjects
from tests.integration.on_call.on_call_case import look, minutes_pass, reminders, taken

ANN = "ann@example.com"


async def _lapses(case: NotificationCase, incident: StoredIncident) -> list[str]:
    rows = await case.rows(
        "SELECT reason FROM incident_change WHERE incident_id = $1 AND kind = 'lapsed' ORDER BY id", incident.id
    )
    return [reason for (reason,) in rows]


async def _changes_on_the_stream(case: NotificationCase) -> list[str]:
    rows = await case.rows(
        "SELECT convert_from(body, 'UTF8')::json ->> 'change' AS change FROM event_outbox ORDER BY id"
    )
    return [change for (change,) in rows]


async def _taken(case: NotificationCase, incident: StoredIncident, minutes: int | None = None) -> None:
    await taken(case, incident, minutes)
    await case.value("UPDATE incident SET acknowledged_by = $2 WHERE id = $1", incident.id, ANN)


async def test_it_is_announced_once_by_however_many_controllers(case: NotificationCase) -> None:
    incident = await case.opened()
    await _taken(case, incident, 30)
    assert await announce_lapses(case.db) == 0
    await minutes_pass(case, 31)
    made = await asyncio.gather(*(announce_lapses(case.db) for _ in range(3)))
    assert sum(made) == 1
    assert await announce_lapses(case.db) == 0
    assert await _lapses(case, incident) == [f"It was taken by {ANN}."]
    assert (await _changes_on_the_stream(case)).count("lapsed") == 1


async def test_who_takes_it_anew_lets_it_lapse_anew(case: NotificationCase) -> None:
    incident = await case.opened()
    for _ in range(2):
        await _taken(case, incident, 30)
        await case.value("UPDATE incident SET lapse_announced = false")  # as taking does
        await minutes_pass(case, 31)
        assert await announce_lapses(case.db) == 1
    assert len(await _lapses(case, incident)) == 2


async def test_what_lasts_until_the_end_and_what_is_over_does_not_lapse(case: NotificationCase) -> None:
    lasting, over = await case.opened(), await case.opened(await case.monitor())
    await _taken(case, lasting)
    await _taken(case, over, 30)
    await case.resolved(over)
    await minutes_pass(case, 31)
    assert await announce_lapses(case.db) == 0


async def test_reminders_go_on_afterwards(case: NotificationCase, mail: SmtpSink) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    incident = await case.opened()
    await case.deliver_due()
    await _taken(case, incident, 30)
    await minutes_pass(case, 29)
    assert await look(case) == 0
    await minutes_pass(case, 2)
    assert await announce_lapses(case.db) == 1
    assert await look(case) == 1
    assert subjects(mail, ANN)[-1] == "Still down after 31 min: Office mail"


async def test_one_that_cannot_be_announced_does_not_hold_up_others(case: NotificationCase) -> None:
    bad, good = await case.opened(), await case.opened(await case.monitor())
    for one in (bad, good):
        await _taken(case, one, 30)
    await minutes_pass(case, 31)
    await case.value("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$")
    await case.value(
        "CREATE TRIGGER refuse BEFORE INSERT ON incident_change FOR EACH ROW"
        f" WHEN (NEW.incident_id = {bad.id} AND NEW.kind = 'lapsed') EXECUTE FUNCTION refuse()"
    )
    try:
        assert await announce_lapses(case.db) == 1
        assert await _lapses(case, good) != []
    finally:
        await case.value("DROP TRIGGER refuse ON incident_change")
        await case.value("DROP FUNCTION refuse")
    assert await announce_lapses(case.db) == 1
