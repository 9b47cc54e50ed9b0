"""Outages for the tests of incidents: stored results, an incident as the evaluator opens it, and its deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.store.checks.results import store_results
from controller.store.evaluation import states
from controller.store.evaluation.states import EvaluatedState
from controller.store.incidents import incidents
from controller.store.incidents.incidents import NewIncident, StoredChange, StoredIncident
from controller.store.platform.partitions import make_partitions
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.conftest import Api

REASON = "2 of 2 countries cannot connect: refused"
REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
TRANSCRIPT_LINE = TranscriptLine(at_ms=1.5, speaker=Speaker.NOTE, text="192.0.2.25: connection refused")
COUNTRIES = {"de-nbg": "DE", "fi-hel": "FI"}
INTERVAL = timedelta(seconds=60)


class Outage(NamedTuple):
    """`monitor` is as the API answers it. `began` is the due time of the first failing round; a recheck ten seconds
    later confirmed the outage.
    """

    monitor: dict[str, Any]
    incident: StoredIncident
    opened: StoredChange
    began: datetime

    @property
    def path(self) -> str:
        return f"/api/incidents/{self.incident.public_id}"


async def make_locations(api: Api) -> None:
    """Create the two locations of the outages, and the partitions for results of today and yesterday."""
    for code, country in COUNTRIES.items():
        await api.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')"
            " ON CONFLICT DO NOTHING",
            code,
            country,
        )
    await make_partitions(api.database, (utc_now() - timedelta(days=1)).date(), utc_now().date())


def check_result(monitor: dict[str, Any], due: datetime, location: str, **fields: Any) -> CheckResult:
    public_id = UUID(monitor["publicId"])
    values: dict[str, Any] = {"purpose": Purpose.SCHEDULED, "address": "192.0.2.25", **fields}
    return CheckResult(
        check_id=check_id(public_id, to_ms(due), location, values["purpose"]),
        monitor_id=public_id,
        location=location,
        country=COUNTRIES[location],
        agent="a",
        due_at=due,
        started_at=due,
        duration_ms=31.2,
        **values,
    )


async def outage(api: Api, monitor: dict[str, Any], *, began: datetime | None = None) -> Outage:
    """Store an outage: both locations fail in a round and in its recheck, and the incident is open."""
    began = began or utc_now() - timedelta(minutes=5)
    began = began.replace(microsecond=0)
    recheck = began + timedelta(seconds=10)
    failing = {"failure": REFUSED, "transcript": [TRANSCRIPT_LINE]}
    results = [
        check_result(monitor, began - INTERVAL, "de-nbg"),
        *(check_result(monitor, began, code, **failing) for code in COUNTRIES),
        *(check_result(monitor, recheck, code, purpose=Purpose.RECHECK, **failing) for code in COUNTRIES),
    ]
    await store_results(api.database, results)
    evidence = Evidence(
        due_at=recheck,
        purpose=Purpose.RECHECK,
        votes=[
            LocationEvidence(
                location=one.location, country=one.country, ballot="failed", check_id=one.check_id, failure=REFUSED
            )
            for one in results[-2:]
        ],
    )
    state = MonitorState(
        verdict=VerdictKind.DOWN,
        reason=REASON,
        since_ms=to_ms(recheck),
        taken_ms=to_ms(recheck),
        failing_evaluations=2,
        failing_rounds=1,
        first_failing_ms=to_ms(began),
        severity=Severity.DOWN,
    )
    async with api.database.transaction() as connection:
        incident, opened = await incidents.open_incident(
            connection,
            NewIncident(
                organization_id=monitor["organizationId"],
                customer_id=monitor["customerId"],
                monitor_id=monitor["id"],
                severity="down",
                reason=REASON,
                failure=REFUSED,
                evidence=evidence,
                outage_started_at=began,
            ),
        )
        await connection.execute(
            "UPDATE incident SET started_at = $2 WHERE id = $1", incident.id, recheck + timedelta(milliseconds=50)
        )
        await connection.execute(
            "INSERT INTO monitor_state (monitor_id, state, verdict, stable) VALUES ($1, '{}', 'unknown', false)"
            " ON CONFLICT DO NOTHING",
            monitor["id"],
        )
        await states.save(connection, {monitor["id"]: EvaluatedState(state)})
    return Outage(monitor, incident, opened, began)


async def add_delivery(api: Api, outage: Outage, channel: str, *errors: str | None) -> None:
    """Store a delivery of the incident's opening on a channel, with one attempt for each error."""
    async with api.database.transaction() as connection:
        delivery = await connection.fetchval(
            "INSERT INTO delivery (organization_id, incident_id, change_id, type, receiver, channel_name, notice)"
            " VALUES ($1, $2, $3, 'slack', $4, $4, '{}') RETURNING id",
            outage.incident.organization_id,
            outage.incident.id,
            outage.opened.id,
            channel,
        )
        for error in errors:
            await connection.execute(
                "INSERT INTO delivery_attempt (delivery_id, error) VALUES ($1, $2)", delivery, error
            )


async def detail(api: Api, found: Outage) -> dict[str, Any]:
    answer = await api.client.get(found.path)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def recover(api: Api, found: Outage) -> datetime:
    """Store a round in which both locations pass, and resolve the incident. Returns the due time of the round."""
    due = found.began + timedelta(seconds=60)
    await store_results(api.database, [check_result(found.monitor, due, code) for code in COUNTRIES])
    async with api.database.transaction() as connection:
        await incidents.resolve(connection, found.incident.id, reason="2 of 2 countries pass")
    return due


def timestamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def group_of(api: Api, *outages: Outage, cause: str = "mail.example.com", kind: str = "cause") -> str:
    """Put incidents into a new group, and answer its public id."""
    made: str = await api.value(
        "WITH made AS (INSERT INTO incident_group (organization_id, kind, cause, weak_key) VALUES ($1, $2, $3, '')"
        " RETURNING id, public_id), named AS (INSERT INTO incident_group_key SELECT id, $4 FROM made), put AS ("
        "UPDATE incident SET group_id = made.id, cause = $3 FROM made WHERE incident.id = ANY ($5::bigint[]))"
        " SELECT public_id::text FROM made",
        outages[0].incident.organization_id,
        kind,
        cause,
        f"host {cause}",
        [one.incident.id for one in outages],
    )
    return made


async def hold(api: Api, held: Outage, by: Outage) -> None:
    """Make nobody be notified of an incident while the other one is open."""
    await api.value(
        "UPDATE incident SET held_by = $2, cause = '' WHERE id = $1 RETURNING id", held.incident.id, by.incident.id
    )
