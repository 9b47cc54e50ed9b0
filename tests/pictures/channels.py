"""Channels with what was sent through them, labels, saved filters and entries of the audit log."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.store.audit import entries
from tests.pictures.places import Installation

CHANNEL = UUID("88888888-0000-4000-8000-000000000001")
HOOK = UUID("88888888-0000-4000-8000-000000000002")
FILTER = UUID("88888888-0000-4000-8000-000000000003")

_CHANNELS = (
    (CHANNEL, "email", "On call", '{"email": "oncall@example.com, night@example.com"}', None, True),
    (HOOK, "webhook", "Ticket system", '{"url": "https://tickets.example.com/hook", "timeout": 5}', None, True),
    (None, "slack", "Hotel staff", "{}", 1, False),
)
_SENT = (
    ("waiting", 2, ("the mail relay did not answer in time",)),
    ("sent", 23, (None,)),
    ("sent", 95, ("450 4.2.1 mailbox busy, try again later", None)),
    ("failed", 600, ("450 4.2.1 mailbox busy", "550 5.1.1 no such user here")),
)
_LABELS = {
    "smtp.example.com": '{"team": "post", "critical": ""}',
    "mx1.example.com": '{"team": "post", "region": "Frankfurt"}',
    "imap.example.com": '{"team": "mailboxes & archive"}',
}
_FILTERS = (
    (FILTER, "Down or partly down", "state=down,partial", True),
    (None, "Hotels that are slow", "q=hotel&sort=slowest", False),
)


async def add_channels(here: Installation) -> None:
    """To be called when there are monitors with incidents."""
    for public_id, type_, name, config, customer, active in _CHANNELS:
        await here.run(
            "INSERT INTO notification_channel (public_id, organization_id, customer_id, type, name, config, is_active)"
            " VALUES (coalesce($1, gen_random_uuid()), $2, $3, $4, $5, $6::text::json, $7)",
            public_id,
            here.organization,
            None if customer is None else here.customers[customer],
            type_,
            name,
            config,
            active,
        )
    for state, minutes, errors in reversed(_SENT):
        await _add_delivery(here, state, minutes, errors)
    for host, labels in _LABELS.items():
        await here.run("UPDATE monitor SET labels = $2::text::jsonb WHERE hostname = $1", host, labels)
    for public_id, name, query, shared in _FILTERS:
        await here.run(
            "INSERT INTO saved_filter (public_id, organization_id, account_id, name, query)"
            " VALUES (coalesce($1, gen_random_uuid()), $2, $3, $4, $5)",
            public_id,
            here.organization,
            None if shared else here.account,
            name,
            query,
        )
    await _add_entries(here)


async def _add_delivery(here: Installation, state: str, minutes: int, errors: tuple[str | None, ...]) -> None:
    at = here.now - timedelta(minutes=minutes)
    async with here.database.transaction() as connection:
        number = await connection.fetchval(
            "INSERT INTO delivery (organization_id, incident_id, change_id, channel_id, type, receiver, channel_name,"
            " notice, state, attempts, error, created_at, sent_at, next_at)"
            " SELECT channel.organization_id, change.incident_id, change.id, channel.id, 'email', $7, channel.name,"
            " '{}', $2::text, $3, $4, $5::timestamptz, CASE WHEN $2::text = 'sent' THEN $5::timestamptz END,"
            " $6::timestamptz"
            " FROM notification_channel AS channel"
            " CROSS JOIN (SELECT id, incident_id FROM incident_change WHERE kind = 'opened' ORDER BY id LIMIT 1)"
            " AS change WHERE channel.public_id = $1 RETURNING id",
            CHANNEL,
            state,
            len(errors),
            errors[-1],
            at,
            here.now + timedelta(minutes=3),
            f"{state}-{minutes}@example.com",
        )
        for each, error in enumerate(errors):
            await connection.execute(
                "INSERT INTO delivery_attempt (delivery_id, at, error) VALUES ($1, $2, $3)",
                number,
                at + timedelta(seconds=31 * each),
                error,
            )


async def _add_entries(here: Installation) -> None:
    person = Actor(kind=ActorKind.PERSON, number=here.account, address="192.0.2.7")
    what = AuditObject(kind=ObjectKind.CHANNEL, id=str(CHANNEL), name="On call", organization_id=here.organization)
    config = {"name": "On call", "type": "email", "priority": 1, "config": {"email": "oncall@example.com"}}
    await entries.insert(here.database, person, AuditAction.LOGIN, what, None, None)
    await entries.insert(here.database, person, AuditAction.CHANNEL_CREATED, what, None, config)
    await entries.insert(
        here.database,
        person,
        AuditAction.CHANNEL_CHANGED,
        what,
        {"config": {"email": "oncall@example.com", "secret": "(secret)"}},
        {"config": {"email": "oncall@example.com, night@example.com", "secret": "(secret changed)"}},
    )
