"""Tags, by which Uptimeify's clients sort monitors: each is a label with the tag's name as its key, and an empty value.

A label that was given a value elsewhere keeps it when its monitor is tagged with its key.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import msgspec

from controller.decisions.access import Permission, limits_to, permits
from controller.decisions.monitors.labels import LONGEST_KEY, check_labels, is_key, tagged
from controller.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from controller.model import Monitor, Principal, Role
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.tags import Tag, TagColor
from controller.operations.access import require
from controller.operations.audit.recording import Deciding, record, record_about
from controller.operations.monitors.monitors import Kinds
from controller.store.monitors import monitors as monitors_store
from controller.store.platform.pool import Database
from controller.store.tags import tags as store

TAG_NOT_FOUND = "Tag not found"
MONITOR_NOT_FOUND = "Monitor not found"


class Tagging(NamedTuple):
    """That a monitor has a tag, since when."""

    monitor: Monitor
    tag: Tag
    since: datetime


async def list_tags(database: Database, principal: Principal) -> list[Tag]:
    """The tags that the principal may see, oldest first: the role `readonly` sees those that it made itself.

    Raises OrganizationRequiredError.
    """
    own = principal.role is Role.READONLY
    if own and principal.account_id is None:
        return []
    async with database.connection() as connection:
        return await store.tags_of(
            connection,
            principal.organization_id,
            made_by=principal.account_id if own else None,
            customer_ids=principal.customer_ids,
        )


async def named_tags(database: Database, organization_id: int, names: Collection[str]) -> dict[str, Tag]:
    """The tags of labels with these keys, by name."""
    async with database.connection() as connection:
        return {tag.name: tag for tag in await store.tags_named(connection, organization_id, names)}


async def make_tag(database: Database, principal: Principal, name: str, color: TagColor) -> Tag:
    """Raises InvalidError, AlreadyExistsError, ForbiddenError, OrganizationRequiredError."""
    if not permits(principal, Permission.TAG):
        raise ForbiddenError
    if not is_key(name):
        rule = f"must be 1 to {LONGEST_KEY} characters, none of them a colon or a control character"
        raise InvalidError("name", rule)
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            made = await store.insert(connection, principal.organization_id, name, color, principal.account_id)
        if made is None:
            raise AlreadyExistsError("A tag with this name exists already")
        about = AuditObject(
            kind=ObjectKind.TAG, id=str(made.public_id), name=made.name, organization_id=made.organization_id
        )
        after = {"name": made.name, "color": made.color.value}
        await record_about(own, principal, AuditAction.TAG_CREATED, about, after=after)
    return made


async def tag_monitor(database: Database, principal: Principal, kinds: Kinds, monitor_id: int, tag_id: int) -> Tagging:
    """Put a tag on a monitor that the principal may read; nothing changes where it is there already.

    Raises NotFoundError, ForbiddenError, InvalidFieldsError when the monitor has too many labels.
    """
    tag = next((one for one in await list_tags(database, principal) if one.id == tag_id), None)
    if tag is None:
        raise NotFoundError(TAG_NOT_FOUND)

    def decide(monitor: Monitor) -> Monitor:
        if monitor.organization_id != tag.organization_id:
            raise NotFoundError(MONITOR_NOT_FOUND)
        require(principal, Permission.TAG, monitor.organization_id, monitor.customer_id, not_found=MONITOR_NOT_FOUND)
        labels = tagged(monitor.labels, [tag.name])
        check_labels(labels)
        return msgspec.structs.replace(monitor, labels=labels)

    deciding = Deciding(decide)
    async with database.one_transaction() as own:
        changed = await monitors_store.change(own, limits_to(principal), kinds, monitor_id, deciding)
        if changed is None:
            raise NotFoundError(MONITOR_NOT_FOUND)
        await record(own, principal, AuditAction.MONITOR_CHANGED, before=deciding.before, after=changed)
        anew = deciding.before is not None and tag.name not in deciding.before.labels
        async with own.connection() as connection:
            return Tagging(changed, tag, await store.tagged_since(connection, changed.id, tag.id, anew=anew))
