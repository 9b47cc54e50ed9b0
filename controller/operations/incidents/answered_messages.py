"""Acknowledging from a message. Who knows the token of its link may see what the message is about, take it and comment
on it, and nothing else: the token is the permission.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.acknowledgement import Lasts
from controller.errors import GoneError, NotFoundError
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.notify.location_evidence import location_findings
from controller.notify.notice import LocationFinding
from controller.operations.audit.recording import record_about
from controller.operations.incidents.comments import check_text
from controller.operations.incidents.taking import Taker, take
from controller.pipeline.incidents import announce
from controller.pipeline.server_names import servers_by_monitor
from controller.store.incidents import ack_tokens, acknowledging, incidents, reading
from controller.store.incidents.ack_tokens import AckToken
from controller.store.incidents.reading import IncidentRecord
from controller.store.platform.pool import Connection, Database, OneTransaction

MOST_SHOWN = 50

_UNKNOWN = "This link is not known. Take the one of a newer message, or log in."
_EXPIRED = "This link was valid for 72 hours. Log in to see how things are."
_RESOLVED = "It is over: everything that the message was about is resolved."


class AnswerableIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident. `evidence` is what each location found when it was confirmed."""

    public_id: UUID
    monitor_name: str
    monitor_kind: str
    servers: list[str]
    severity: str
    reason: str
    began_at: datetime
    evidence: list[LocationFinding]
    acknowledged_by: str | None
    acknowledged_until: datetime | None


class AnswerableMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is about: the first MOST_SHOWN open incidents of `total`, the longest first. `receiver` is who
    acknowledges by its link. The link is valid until `expires_at`.
    """

    incidents: list[AnswerableIncident]
    total: int
    receiver: str
    expires_at: datetime


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer did: how many incidents were `taken` by it, and who has the first of all now, until when (None:
    until it is resolved).
    """

    taken: int
    by: str
    until: datetime | None


async def read_message(database: Database, token: str, now: datetime) -> AnswerableMessage:
    """Raises NotFoundError for an unknown token, GoneError when it expired or everything is resolved."""
    async with database.connection() as connection:
        known, numbers = await _open(connection, token, now)
        found = await reading.some(connection, numbers[:MOST_SHOWN])
        servers = await servers_by_monitor(connection, found)
    return AnswerableMessage(
        incidents=[_answerable(one, servers[one.monitor_public_id]) for one in found],
        total=len(numbers),
        receiver=known.receiver,
        expires_at=known.expires_at,
    )


async def take_from_message(
    database: Database, token: str, lasts: Lasts, comment: str, now: datetime, *, address: str
) -> Taken:
    """Take all that the message is about and nobody has, in the name of its receiver. Where nothing is left to take, a
    comment is added all the same. `address` is the client's, for the audit log.

    Raises InvalidError, NotFoundError, GoneError.
    """
    check_text(comment, field="comment", least=0)
    async with database.transaction() as connection:
        known, numbers = await _open(connection, token, now)
        await acknowledging.lock_monitors(connection, numbers)
        known, numbers = await _open(connection, token, now)
        actor = Actor(kind=ActorKind.MESSAGE, name=known.receiver, address=address)
        taker = Taker(by=known.receiver, actor=actor, receiver_key=known.receiver_key)
        taken = await take(connection, numbers, taker, lasts, comment, now)
        first = (await reading.some(connection, numbers[:1]))[0]
        if comment.strip() and not taken:
            await _comment(connection, first, taker, comment)
    return Taken(taken=taken, by=first.acknowledged_by or known.receiver, until=first.acknowledged_until)


async def _open(connection: Connection, token: str, now: datetime) -> tuple[AckToken, Sequence[int]]:
    """The token, and the numbers of the open incidents that it covers. Raises NotFoundError, GoneError."""
    known = await ack_tokens.by_token(connection, token)
    if known is None:
        raise NotFoundError(_UNKNOWN)
    if known.expires_at <= now:
        raise GoneError(_EXPIRED)
    numbers = await ack_tokens.open_incidents(connection, known)
    if not numbers:
        raise GoneError(_RESOLVED)
    return known, numbers


async def _comment(connection: Connection, incident: IncidentRecord, taker: Taker, comment: str) -> None:
    stored, change = await incidents.append_change(
        connection, incident.id, kind="commented", severity=incident.severity, reason=comment, done_by=taker.by
    )
    await announce(connection, stored, change)
    what = AuditObject(
        kind=ObjectKind.INCIDENT,
        id=str(incident.public_id),
        name=incident.monitor_name,
        organization_id=incident.organization_id,
    )
    await record_about(OneTransaction(connection), taker.actor, AuditAction.INCIDENT_COMMENTED, what)


def _answerable(found: IncidentRecord, servers: list[str]) -> AnswerableIncident:
    return AnswerableIncident(
        public_id=found.public_id,
        monitor_name=found.monitor_name,
        monitor_kind=found.monitor_kind,
        servers=servers,
        severity=found.severity,
        reason=found.reason,
        began_at=found.outage_started_at,
        evidence=location_findings(found.evidence, found.monitor_kind),
        acknowledged_by=found.acknowledged_by,
        acknowledged_until=found.acknowledged_until,
    )
