"""What is wrong now: open incidents, locations without agents or blind, and work that waits too long."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.store.platform.pool import Database

MOST_INCIDENTS = 6
MOST_CUSTOMERS = 50

_TROUBLES = """
SELECT clock_timestamp() AS now,
  (
    SELECT json_agg(one) FROM (
      SELECT incident.public_id AS id, incident.severity, incident.reason, incident.outage_started_at,
        taken.acknowledged_at, taken.acknowledged_until, taken.acknowledged_by, incident.flapping,
        m.public_id AS monitor_id, m.name AS monitor_name, m.hostname, customer.name AS customer_name,
        ARRAY(
          SELECT DISTINCT country_code FROM latest JOIN location ON location.id = latest.location_id
          WHERE latest.monitor_id = m.id AND latest.status = 'failure' AND enabled AND removed_at IS NULL ORDER BY 1
        ) AS failing,
        ARRAY(
          SELECT DISTINCT country_code FROM latest JOIN location ON location.id = latest.location_id
          WHERE latest.monitor_id = m.id AND latest.status = 'success' AND enabled AND removed_at IS NULL ORDER BY 1
        ) AS passing
      FROM incident JOIN monitor m ON m.id = incident.monitor_id JOIN customer ON customer.id = incident.customer_id
      LEFT JOIN LATERAL (
        SELECT incident.acknowledged_at, incident.acknowledged_until, incident.acknowledged_by
        WHERE is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, now())
      ) AS taken ON true
      WHERE incident.resolved_at IS NULL AND incident.organization_id = $1 AND m.deleted_at IS NULL
        AND ($2::bigint[] IS NULL OR incident.customer_id = ANY ($2))
      ORDER BY taken.acknowledged_at IS NOT NULL, incident.severity, incident.outage_started_at DESC, incident.id
      LIMIT $3
    ) AS one
  ) AS incidents,
  (
    SELECT count(*) FROM incident
    WHERE resolved_at IS NULL AND organization_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
  ) AS open_incidents,
  (
    SELECT json_agg(one) FROM (
      SELECT code, name, country_code AS country, enabled,
        (
          SELECT EXTRACT(epoch FROM clock_timestamp() - max(last_seen_at))::float8 FROM agent
          WHERE location_id = location.id
        ) AS silent_seconds,
        ARRAY(
          SELECT DISTINCT reason FROM blind_period WHERE location_id = location.id AND to_at > now() ORDER BY 1
        ) AS blind
      FROM location WHERE removed_at IS NULL ORDER BY code
    ) AS one
  ) AS locations,
  (
    SELECT json_agg(one) FROM (
      SELECT kind, subject, since FROM ops_notice WHERE kind <> 'monitor_without_location'
      ORDER BY since, subject LIMIT 20
    ) AS one
  ) AS notices,
  (
    SELECT json_agg(one) FROM (
      SELECT m.public_id AS id, m.name, since, count(*) OVER () AS total
      FROM ops_notice JOIN monitor m ON m.public_id::text = subject
      WHERE ops_notice.kind = 'monitor_without_location' AND m.deleted_at IS NULL AND m.organization_id = $1
        AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
      ORDER BY since, lower(m.name), m.id LIMIT 5
    ) AS one
  ) AS without_location,
  (
    SELECT COALESCE(sum(messages), 0)::bigint FROM dead_letter_count WHERE hour >= date_trunc('day', now(), 'UTC')
  ) AS dead_letters,
  (
    SELECT EXTRACT(epoch FROM now() - min(check_at))::float8 FROM evaluation WHERE check_at <= now()
  ) AS evaluations_late_seconds,
  (SELECT EXTRACT(epoch FROM clock_timestamp() - max(COALESCE(back_at, since)))::float8 FROM canary) AS canary_seconds,
  (SELECT EXTRACT(epoch FROM now() - min(watermark))::float8 FROM schedule) AS schedule_late_seconds,
  (
    SELECT EXTRACT(epoch FROM now() - next_at)::float8
    FROM delivery LEFT JOIN delivery_lane ON delivery_lane.lane = delivery.lane
    WHERE state = 'waiting' AND COALESCE(failures, 0) = 0 ORDER BY next_at LIMIT 1
  ) AS deliveries_late_seconds,
  (
    SELECT json_agg(one) FROM (
      SELECT public_id AS id, name, COALESCE($5 IN (public_id::text, id::text), false) AS chosen FROM customer
      WHERE organization_id = $1 AND ($2::bigint[] IS NULL OR id = ANY ($2))
      ORDER BY chosen DESC, lower(name), public_id LIMIT $4
    ) AS one
  ) AS customers
"""


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident. `failing` are the countries whose latest check of its monitor failed, `passing` the others."""

    id: UUID
    severity: str
    reason: str
    outage_started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    acknowledged_by: str | None
    flapping: bool
    monitor_id: UUID
    monitor_name: str
    hostname: str
    customer_name: str
    failing: list[str]
    passing: list[str]


class LocationContactState(msgspec.Struct, frozen=True, kw_only=True):
    """A location that was not removed: seconds since the last heartbeat of any agent (None: there never was one), and
    why it is blind now.
    """

    code: str
    name: str
    country: str
    enabled: bool
    silent_seconds: float | None
    blind: list[str]


class OpenNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What the operators were warned of and is not over (pipeline.ops.notices.TroubleKind)."""

    kind: str
    subject: str
    since: datetime


class MonitorWithoutLocation(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that no location may check, one of `total`."""

    id: UUID
    name: str
    since: datetime
    total: int


class NamedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer by name; `chosen` is the one that the caller named."""

    id: UUID
    name: str
    chosen: bool


class Troubles(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong at the moment `now` of the database's clock. Of the open incidents, those that nobody has come
    first, and MOST_INCIDENTS at most are here. `without_location` has a few of the organization's monitors that no
    location may check, of which the operators were warned. Lateness is seconds, 0 where nothing waits. `customers` are
    MOST_CUSTOMERS at most, the one that was named first. `canary_seconds` is how long ago the last canary of any
    location came back, None while none is sent.
    """

    now: datetime
    incidents: list[OpenIncident]
    open_incidents: int
    locations: list[LocationContactState]
    notices: list[OpenNotice]
    without_location: list[MonitorWithoutLocation]
    dead_letters: int
    evaluations_late_seconds: float
    canary_seconds: float | None
    schedule_late_seconds: float
    deliveries_late_seconds: float
    customers: list[NamedCustomer]


async def troubles_of(
    database: Database,
    organization_id: int,
    customer_ids: frozenset[int] | None,
    *,
    customer: int | UUID | None = None,
) -> Troubles:
    """Incidents are of these customers (None: of all); locations and what waits are everybody's."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            _TROUBLES,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            MOST_INCIDENTS,
            MOST_CUSTOMERS,
            None if customer is None else str(customer),
        )
    assert row is not None  # noqa: S101 - it is made of aggregates
    values = dict(row)
    for name in ("incidents", "locations", "notices", "without_location", "customers"):
        values[name] = values[name] or []
    for name in ("evaluations", "schedule", "deliveries"):
        values[f"{name}_late_seconds"] = max(0.0, values[f"{name}_late_seconds"] or 0.0)
    return msgspec.convert(values, Troubles)
