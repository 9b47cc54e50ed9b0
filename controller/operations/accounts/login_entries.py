"""Entries of the audit log about logins. Of the failed ones only so many are recorded that nobody can fill the log, and
what was typed never is: it may be a password in the wrong field.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from controller.model import Account, Principal
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.store.accounts import people, request_counts
from controller.store.platform.pool import Database

MOST_FAILED = 100
"""In a window, for each person, and for all whom nobody knows together."""
WINDOW = timedelta(minutes=15)
SIGN_ON = "single sign-on"
"""How entries name a login by the organization's provider."""
_MINUTES = WINDOW // timedelta(minutes=1)


async def record_login(database: Database, account: Account, session: UUID, *, address: str, by: str) -> None:
    """`by` says how the person logged in. `database` is the transaction that opens the session."""
    actor = Actor(kind=ActorKind.PERSON, number=account.id, session=session, address=address)
    await record_about(database, actor, AuditAction.LOGIN, _session(account, session), after={"by": by})


async def record_ended(
    database: Database, account_id: int, by: Principal | Actor, action: AuditAction, sessions: list[UUID]
) -> None:
    """Record that these sessions of an account ended, each for itself. `database` is the transaction that ends them."""
    account = await people.by_identifier(database, account_id)
    if account is None:
        return
    for session in sessions:
        await record_about(database, by, action, _session(account, session))


async def record_refusal(database: Database, account_id: int | None, *, address: str, by: str) -> None:
    """Record a failed login. It does the same for a person who is known (`account_id`) as for nobody."""
    count = await request_counts.count(database, f"login_failed:{account_id or 'unknown'}", WINDOW)
    if count.requests > MOST_FAILED:
        return
    async with database.one_transaction() as own:
        account = await people.by_identifier(own, account_id or 0)
        what = object_of(account) if account else AuditObject(kind=ObjectKind.USER)
        actor = Actor(kind=ActorKind.PERSON, number=account_id, address=address)
        last = count.requests == MOST_FAILED
        after = {"by": by} | ({"notice": f"further ones of these {_MINUTES} minutes are not recorded"} if last else {})
        await record_about(own, actor, AuditAction.LOGIN_FAILED, what, after=after)


async def record_refused_sign_on(
    database: Database, organization_id: int, account: Account | None, *, address: str, reason: str
) -> None:
    """Record that a login by the organization's provider failed, and why; `account` is one of the organization."""
    count = await request_counts.count(database, f"sign_on_failed:{organization_id}", WINDOW)
    if count.requests > MOST_FAILED:
        return
    what = object_of(account) if account else AuditObject(kind=ObjectKind.USER, organization_id=organization_id)
    actor = Actor(kind=ActorKind.PERSON, number=account.id if account else None, address=address)
    after = {"by": SIGN_ON, "reason": reason}
    async with database.one_transaction() as own:
        await record_about(own, actor, AuditAction.LOGIN_FAILED, what, after=after)


def _session(account: Account, session: UUID) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.SESSION, id=str(session), name=account.email, organization_id=account.organization_id
    )
