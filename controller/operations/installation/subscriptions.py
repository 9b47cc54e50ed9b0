"""New subscribers: a row in the database first, then a `.creds` file. In the other order, a crash in between would
leave a login that no list shows and that cannot be revoked.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import operator, record_about
from controller.operations.installation.row_files import require_new, write_secret
from controller.settings import EnrolmentSettings
from controller.store.accounts import subscribers
from controller.store.accounts.subscribers import Reader
from controller.store.platform.pool import Database
from controller.trust.claims import subscriber_account, subscriber_credentials
from shared.clock import utc_now
from shared.nats.nkeys import public_key
from shared.secret import Secret
from shared.wire import subjects


class NewSubscriber(NamedTuple):
    """What a new subscriber needs to know. `consumer` also names its inbox."""

    file: Path
    subject: str
    consumer: str
    expires_at: datetime


async def subscribe(
    database: Database,
    settings: EnrolmentSettings,
    reader: Reader,
    *,
    name: str,
    expires_at: datetime,
    output: Path | None,
) -> NewSubscriber:
    """Let a subscriber read these events. A running controller makes the consumer (controller.pipeline.subscribers) and
    sends the subscriber's account to the broker (controller.pipeline.nats_accounts).

    Raises FileError, StoreUnavailableError.
    """
    if output is not None:
        require_new(output)
    consumer = subjects.new_subscriber()
    made = NewSubscriber(
        file=output or Path(f"{consumer}.creds"),
        subject=subjects.events_of(reader.organization, reader.customer),
        consumer=consumer,
        expires_at=expires_at,
    )
    trust = settings.trust_file.value
    credentials = subscriber_credentials(
        trust,
        name=name,
        subject=made.subject,
        durable=consumer,
        now=utc_now(),
        until=expires_at,
    )
    introduction = (
        f"# Server:       {settings.nats_url.value}\n"
        f"# Subject:      {made.subject}\n"
        f"# Consumer:     {consumer} of stream {subjects.EVENTS}\n"
        f"# Domain:       {subjects.DOMAIN}\n"
        f"# Inbox prefix: {subjects.inbox(consumer)}\n"
        f"# Good until:   {expires_at:%Y-%m-%dT%H:%M:%SZ}\n\n"
    )
    async with database.one_transaction() as own:
        await subscribers.insert(
            own,
            reader,
            name=name,
            consumer=consumer,
            nats_user=credentials.user,
            nats_account=public_key(subscriber_account(trust, consumer)),
            expires_at=expires_at,
        )
        what = _object(consumer, name, reader.organization_id)
        after = {"subject": made.subject, "expiresAt": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"}
        await record_about(own, operator(), AuditAction.SUBSCRIBER_ADDED, what, after=after)
    try:
        write_secret(made.file, Secret(introduction + credentials.text().reveal().rstrip()))
    except BaseException:
        async with database.one_transaction() as own:
            await subscribers.delete(own, consumer)
            await record_about(own, operator(), AuditAction.SUBSCRIBER_REVOKED, what)
        raise
    return made


async def revoke_subscriber(database: Database, consumer: str) -> bool:
    """False when no subscriber has this consumer, or it was revoked before. Raises StoreUnavailableError."""
    async with database.one_transaction() as own:
        revoked = await subscribers.revoke(own, consumer)
        if revoked is None:
            return False
        await record_about(
            own, operator(), AuditAction.SUBSCRIBER_REVOKED, _object(consumer, revoked.name, revoked.organization_id)
        )
    return True


def _object(consumer: str, name: str, organization_id: int) -> AuditObject:
    return AuditObject(kind=ObjectKind.SUBSCRIBER, id=consumer, name=name, organization_id=organization_id)
