"""What goes wrong in an installation that is made up: incidents with their deliveries, and the installation's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from controller.store.incidents import acknowledging, incidents
from controller.store.incidents.incidents import NewIncident
from shared.epoch import to_ms
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.failures import Failure
from shared.wire.rounds import Purpose, check_id
from tests.pictures.history import first_failing
from tests.pictures.places import PLACES, Installation
from tests.pictures.servers import Fault, Server


class Delivered(NamedTuple):
    """A notification: by which channel, to whom, and the answer of each attempt (None: it was accepted)."""

    type: str
    channel: str
    receiver: str
    answers: tuple[str | None, ...] = (None,)


DELIVERIES = (
    Delivered("email", "On call", "oncall@example.com"),
    Delivered("webhook", "Chat bridge", "https://hooks.example.com/mail", ("HTTP 503 Service Unavailable", None)),
    Delivered("sms", "Phone of the week", "+49 30 5550 0142", ("the SMS service refused the number",)),
)


async def add_incident(
    here: Installation,
    monitor_id: int,
    server: Server,
    fault: Fault,
    *,
    severity: str,
    reason: str,
    acknowledged: str | None = None,
    resolved: float | None = None,
) -> UUID:
    """An incident of a fault, with what was sent. `acknowledged` is the comment of the person who took it, `resolved`
    how many minutes ago it ended. Returns its public id.
    """
    began = first_failing(server, fault, here.now)
    confirmed = began + timedelta(seconds=21)
    evidence = _evidence(server, fault, began)
    public_id = uuid5(server.public_id, str(fault.since))
    async with here.database.transaction() as connection:
        incident, opened = await incidents.open_incident(
            connection,
            NewIncident(
                organization_id=here.organization,
                customer_id=here.customers[server.customer],
                monitor_id=monitor_id,
                severity=severity,
                reason=reason,
                failure=fault.failure,
                evidence=evidence,
                outage_started_at=began,
            ),
        )
        changes = [(opened.id, confirmed)]
        if acknowledged is not None:
            by = await acknowledging.name_of(connection, here.account, None)
            (_, taken), *_ = await acknowledging.take(
                connection, [incident.id], by=by, until=None, comment="", account_id=here.account
            )
            _, said = await incidents.append_change(
                connection,
                incident.id,
                kind="commented",
                severity=severity,
                reason=acknowledged,
                account_id=here.account,
            )
            changes += [(taken.id, confirmed + timedelta(seconds=190)), (said.id, confirmed + timedelta(seconds=260))]
        ended = None
        if resolved is not None:
            ended = here.now - timedelta(minutes=resolved)
            found = await incidents.resolve(connection, incident.id, reason="5 of 5 countries pass")
            assert found
            changes.append((found[1].id, ended))
        await connection.executemany("UPDATE incident_change SET at = $2 WHERE id = $1", changes)
        await connection.execute(
            "UPDATE incident SET public_id = $2, started_at = $3, resolved_at = $4, acknowledged_at = $5,"
            " last_notified_at = $3 WHERE id = $1",
            incident.id,
            public_id,
            confirmed,
            ended,
            changes[1][1] if acknowledged is not None else None,
        )
        for delivered in DELIVERIES:
            await _deliver(here, connection, incident.id, opened.id, delivered, confirmed)
    return public_id


def _evidence(server: Server, fault: Fault, began: datetime) -> Evidence:
    votes = [
        LocationEvidence(
            location=place.code,
            country=place.country,
            ballot="failed" if _fails(fault, place.code) else "passed",
            check_id=check_id(server.public_id, to_ms(began), place.code, Purpose.SCHEDULED),
            failure=_failure(fault, place.code),
        )
        for place in PLACES
    ]
    return Evidence(due_at=began, purpose=Purpose.SCHEDULED, votes=votes)


def _fails(fault: Fault, code: str) -> bool:
    return not fault.at or code in fault.at


def _failure(fault: Fault, code: str) -> Failure | None:
    return fault.failure if _fails(fault, code) else None


async def _deliver(
    here: Installation, connection: object, incident_id: int, change_id: int, delivered: Delivered, at: datetime
) -> None:
    last = delivered.answers[-1]
    number = await connection.fetchval(  # type: ignore[attr-defined]
        "INSERT INTO delivery (organization_id, incident_id, change_id, type, receiver, channel_name, notice, state,"
        " attempts, error, created_at, sent_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8, $9, $10, $11) RETURNING id",
        here.organization,
        incident_id,
        change_id,
        delivered.type,
        delivered.receiver,
        delivered.channel,
        "failed" if last else "sent",
        len(delivered.answers),
        last,
        at,
        None if last else at + timedelta(seconds=2),
    )
    for attempt, error in enumerate(delivered.answers):
        await connection.execute(  # type: ignore[attr-defined]
            "INSERT INTO delivery_attempt (delivery_id, at, error) VALUES ($1, $2, $3)",
            number,
            at + timedelta(seconds=1 + 15 * attempt),
            error,
        )


async def add_unconfirmed(here: Installation, monitor_id: int, server: Server, fault: Fault) -> None:
    """Failures of a fault that was too small for an incident, and that passed again."""
    due = first_failing(server, fault, here.now)
    failing = len(fault.at)
    await here.run(
        "INSERT INTO unconfirmed_failure (monitor_id, first_at, last_at, evaluations, failing, reason, missing,"
        " evidence, ended_at, ended_by) VALUES ($1, $2, $3, 2, $4, $5, $6, $7, $8, 'recheck')",
        monitor_id,
        due,
        due + timedelta(seconds=20),
        failing,
        f"{failing} of 5 countries {fault.failure.detail}; the others pass",
        f"{failing} of 5 locations failed; more than half (3) must fail.",
        _evidence(server, fault, due),
        due + timedelta(minutes=5),
    )


async def trouble_locations(here: Installation, monitor_ids: Sequence[int], *, silent: str, minutes: float) -> None:
    """A location that went silent, an agent that reaches no port 25, one with a wrong clock, and a server that turns a
    location away.
    """
    ago = here.now - timedelta(minutes=minutes)
    await here.run("UPDATE agent SET last_seen_at = $2 WHERE location_id = $1", here.locations[silent], ago)
    await here.run(
        "INSERT INTO ops_notice (kind, subject, number, since) VALUES ('location_silent', $1, gen_random_uuid(), $2),"
        " ('clock_off', 'jp-tyo/agent-2', gen_random_uuid(), $2)",
        silent,
        ago,
    )
    await here.run(
        "INSERT INTO blind_period (location_id, reason, from_at, to_at, checks)"
        " VALUES ($1, 'no_result', $2, $3, 31), ($1, 'agent', $4, $5, 12)",
        here.locations[silent],
        ago,
        here.now,
        here.now - timedelta(days=2, hours=3),
        here.now - timedelta(days=2, hours=2),
    )
    await here.run(
        "UPDATE agent SET unfit = '{port25_blocked}' WHERE name = 'agent-2' AND location_id = $1",
        here.locations["us-nyc"],
    )
    await here.run(
        "UPDATE agent SET clock_offset_ms = 4210, loop_lag_ms = 180 WHERE name = 'agent-2' AND location_id = $1",
        here.locations["jp-tyo"],
    )
    await here.run(
        "INSERT INTO probe_problem (monitor_id, location_id, kind, detail, first_at, last_at, evaluations)"
        " VALUES ($1, $2, 'policy_refusal', '554 5.7.1 Service unavailable; client host blocked', $3, $4, 17)",
        monitor_ids[0],
        here.locations["us-nyc"],
        here.now - timedelta(hours=2),
        here.now - timedelta(minutes=4),
    )
