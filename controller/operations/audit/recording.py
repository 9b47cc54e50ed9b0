"""Adds an entry to the audit log, in the transaction of the change that it is about, and an event to the stream."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from controller.model import Principal
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject
from controller.off_loop import off_loop
from controller.operations.audit.announcing import announce, announce_many, customer_of
from controller.operations.audit.differences import differences
from controller.operations.audit.states import Audited, fields_of, object_of
from controller.store.audit import entries
from controller.store.platform.pool import Database

T = TypeVar("T")


class Deciding(Generic[T]):
    """A decision about a stored row, which keeps the row as it was `before`."""

    def __init__(self, decide: Callable[[T], T]) -> None:
        self._decide = decide
        self.before: T | None = None

    def __call__(self, found: T) -> T:
        self.before = found
        return self._decide(found)


async def record(
    database: Database,
    by: Principal | Actor,
    action: AuditAction,
    *,
    before: Audited | None = None,
    after: Audited | None = None,
    besides: Mapping[str, Any] | None = None,
) -> None:
    """Record what was done to an object: `before` is None for a new one, `after` for one that is gone. `besides` are
    more fields that changed. Nothing is recorded when no field differs. `database` is the change's own transaction.
    """
    thing = after or before
    assert thing is not None  # noqa: S101 - one of the two is given
    old, new = differences(fields_of(before) if before else None, fields_of(after) if after else None)
    new = {**(new or {}), **besides} if besides else new
    if old or new:
        await entries.insert(database, _actor(by), action, object_of(thing), old, new)
        await announce(database, _actor(by), action, object_of(thing), old, new, customer_id=customer_of(thing))


async def record_about(
    database: Database,
    by: Principal | Actor,
    action: AuditAction,
    what: AuditObject,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record what was done to an object by its fields; like `record`, but an entry may have no fields at all."""
    old, new = differences(before, after)
    if before is None or after is None or old or new:
        await entries.insert(database, _actor(by), action, what, old, new)
        await announce(database, _actor(by), action, what, old, new)


class ChangeOf(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one of many objects; `before` and `after` as in `record_about`."""

    action: AuditAction
    what: AuditObject
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


async def record_many(database: Database, by: Principal | Actor, changes: Sequence[ChangeOf]) -> None:
    """Record what was done to many objects at once, like `record_about` of each."""
    found = await off_loop(lambda: [entry for entry in map(_entry, changes) if entry is not None])
    await entries.insert_many(database, _actor(by), found)
    await announce_many(database, _actor(by), found)


def operator() -> Actor:
    """The user of the operating system who runs this command, and the host it runs on."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        name = str(os.getuid())
    behind = os.environ.get("SUDO_USER")
    return Actor(
        kind=ActorKind.COMMAND, name=f"{name} (sudo by {behind})" if behind else name, address=socket.gethostname()
    )


def _entry(change: ChangeOf) -> entries.NewEntry | None:
    old, new = differences(change.before, change.after)
    if change.before is not None and change.after is not None and not (old or new):
        return None
    return entries.NewEntry(action=change.action, what=change.what, before=old, after=new)


def _actor(by: Principal | Actor) -> Actor:
    if isinstance(by, Actor):
        return by
    if by.service is not None:
        return Actor(kind=ActorKind.SERVICE, name=by.service.name, address=by.address)
    kind, number = (ActorKind.TOKEN, by.token_id) if by.token_id is not None else (ActorKind.PERSON, by.account_id)
    return Actor(kind=kind, number=number, session=by.session, address=by.address)
