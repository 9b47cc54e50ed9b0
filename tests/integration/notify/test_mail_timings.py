"""A message shows how long each phase took of the very checks that the votes rest on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from controller.decisions.evaluation.quorum import Ballot
from controller.pipeline.notifications import incident_notifications
from controller.store.checks.timings import timings_of
from controller.store.incidents import incidents
from controller.store.platform.partitions import make_partitions
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.rounds import Purpose, check_id
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, addressed

OWN = "own@example.com"
REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")


async def checked(
    case: NotificationCase, location: str, due_at: datetime, purpose: Purpose, phases: dict[str, float]
) -> None:
    """Store a check's result, whose duration is that of its phases."""
    timings, began = [], 0.0
    for phase, duration in phases.items():
        timings.append({"phase": phase, "startMs": began, "durationMs": duration})
        began += duration
    await case.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)"
        " SELECT $1, $2, id, $4::check_purpose, 'failure', $5, $2, 'a', $6 FROM location WHERE code = $3",
        *(case.monitor_id, due_at, location, purpose.value, began, timings),
    )


async def with_checks(case: NotificationCase, due_at: datetime) -> Evidence:
    """Of a location whose check was repeated, one that passes, and one without a result."""
    await make_partitions(case.db, due_at.date(), (due_at + timedelta(days=1)).date())
    for code in ("de", "fr", "jp"):
        await case.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, upper($1), 'k')", code
        )
    again = due_at + timedelta(seconds=20)
    await checked(case, "de", due_at, Purpose.SCHEDULED, {"resolve": 7_001, "connect": 1})
    await checked(case, "de", again, Purpose.RECHECK, {"resolve": 4, "connect": 1_233})
    await checked(case, "fr", due_at, Purpose.SCHEDULED, {"resolve": 5, "connect": 21, "greeting": 30})
    await checked(case, "fr", due_at, Purpose.TRIGGERED, {"resolve": 9_999})
    monitor = await case.value("SELECT public_id FROM monitor WHERE id = $1", case.monitor_id)
    return Evidence(
        due_at=due_at,
        purpose=Purpose.SCHEDULED,
        votes=[
            LocationEvidence(
                location="de",
                country="DE",
                ballot=Ballot.FAILED.value,
                check_id=check_id(monitor, to_ms(again), "de", Purpose.RECHECK),
                failure=REFUSED,
            ),
            LocationEvidence(
                location="fr",
                country="FR",
                ballot=Ballot.PASSED.value,
                check_id=check_id(monitor, to_ms(due_at), "fr", Purpose.SCHEDULED),
            ),
            LocationEvidence(location="jp", country="JP", ballot=Ballot.BLIND.value),
        ],
    )


async def opened(case: NotificationCase, evidence: Evidence) -> None:
    new = incidents.NewIncident(
        organization_id=case.organization,
        customer_id=case.customer,
        monitor_id=case.monitor_id,
        severity="down",
        reason="1 of 2 countries cannot connect: refused",
        failure=None,
        evidence=evidence,
        outage_started_at=evidence.due_at,
    )
    async with case.db.transaction() as connection:
        await incident_notifications.enqueue(connection, *await incidents.open_incident(connection, new))


async def test_a_retry_counts_up_to_the_last_moment_of_its_time(case: NotificationCase) -> None:
    due_at = utc_now().replace(microsecond=0)
    evidence = await with_checks(case, due_at)
    later = due_at + timedelta(minutes=5)
    await checked(case, "jp", later, Purpose.RECHECK, {"connect": 7})
    monitor = await case.value("SELECT public_id FROM monitor WHERE id = $1", case.monitor_id)
    retried = check_id(monitor, to_ms(later), "jp", Purpose.RECHECK)
    vote = msgspec.structs.replace(evidence.votes[-1], check_id=retried)
    evidence = msgspec.structs.replace(evidence, votes=[*evidence.votes[:-1], vote])
    async with case.db.connection() as connection:
        found = await timings_of(connection, case.monitor_id, monitor, evidence)
    assert found[retried].duration_ms == 7


async def test_votes_are_shown_with_the_phases_of_their_checks(
    case: NotificationCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(case, notification_email=OWN)
    await case.channel("webhook", "Hook", {"url": hook.url})
    await opened(case, await with_checks(case, utc_now().replace(microsecond=0)))
    await case.deliver_due()
    [sent] = mail.to(OWN)
    assert sent.message["Subject"] == "Down: Office mail \N{EN DASH} connection refused from 1 of 2 locations"
    lines = sent.text().splitlines()
    assert lines[lines.index("What each location saw:") + 1 :][:9] == [
        "  DE (de): refused (connect): refused (1,237 ms)",
        "  FR (fr): passes (56 ms)",
        "  JP (jp): could not check",
        "",
        "How long each phase took, in ms:",
        "                      de  fr",
        "  resolve              4   5",
        "  connect   failed 1,233  21",
        "  greeting             -  30",
    ]
    [post] = hook.received
    assert post.json["evidence"] == [
        {
            "location": "de",
            "country": "DE",
            "saw": "refused (connect): refused",
            "failure": "refused",
            "ballot": "failed",
            "totalMs": 1237.0,
            "phases": [
                {"phase": "resolve", "durationMs": 4.0},
                {"phase": "connect", "durationMs": 1233.0, "failed": True},
            ],
        },
        {
            "location": "fr",
            "country": "FR",
            "saw": "passes",
            "ballot": "passed",
            "totalMs": 56.0,
            "phases": [
                {"phase": "resolve", "durationMs": 5.0},
                {"phase": "connect", "durationMs": 21.0},
                {"phase": "greeting", "durationMs": 30.0},
            ],
        },
        {"location": "jp", "country": "JP", "saw": "could not check", "ballot": "blind"},
    ]


async def test_results_that_are_gone_leave_the_votes(case: NotificationCase, mail: SmtpSink) -> None:
    await addressed(case, notification_email=OWN)
    evidence = await with_checks(case, utc_now().replace(microsecond=0))
    await case.value("DELETE FROM result")
    await opened(case, evidence)
    await case.deliver_due()
    [sent] = mail.to(OWN)
    assert "  DE (de): refused (connect): refused" in sent.text().splitlines()
    assert "How long" not in sent.text() + sent.text("html")


async def test_checks_of_other_monitors_and_without_votes_are_not_read(case: NotificationCase) -> None:
    evidence: Any = await with_checks(case, utc_now().replace(microsecond=0))
    other = await case.monitor(hostname="other.example.com")
    public = await case.value("SELECT public_id FROM monitor WHERE id = $1", other)
    own = await case.value("SELECT public_id FROM monitor WHERE id = $1", case.monitor_id)
    async with case.db.connection() as connection:
        assert await timings_of(connection, other, public, evidence) == {}
        assert await timings_of(connection, case.monitor_id, own, None) == {}
        blind = msgspec.structs.replace(evidence, votes=evidence.votes[2:])
        assert await timings_of(connection, case.monitor_id, own, blind) == {}
        assert len(await timings_of(connection, case.monitor_id, own, evidence)) == 2
