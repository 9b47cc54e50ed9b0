"""The list of groups of incidents, page by page, the newest first. Who is limited to some customers sees the groups of
their incidents, and only these count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.decisions.history.cursor import fingerprint
from controller.errors import InvalidError
from controller.model import Principal
from controller.operations.cursors import cursor_behind, position_in
from controller.store.incidents import group_list as store
from controller.store.incidents.group_list import STATES, GroupScope, ListedGroup, PlaceInList
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.epoch import to_datetime, to_ms

__all__ = ["STATES", "GroupsFound", "ListedGroup", "list_groups"]


class GroupsFound(msgspec.Struct, frozen=True, kw_only=True):
    """Some groups in order, and the cursor of the next page; None when there is none."""

    groups: Sequence[ListedGroup]
    next_cursor: str | None


async def list_groups(
    database: Database,
    vault: Vault,
    principal: Principal,
    *,
    state: str | None,
    since: datetime | None,
    at_least: int,
    cursor: str | None,
    limit: int,
) -> GroupsFound:
    """Those in a state of STATES, that were open at `since` or later, and have `at_least` so many incidents; None is
    any. Raises InvalidError, OrganizationRequiredError.
    """
    if state is not None and state not in STATES:
        raise InvalidError("state", f"must be one of {', '.join(STATES)}")
    customers = principal.customer_ids
    scope = GroupScope(
        organization_id=principal.organization_id,
        customer_ids=None if customers is None else sorted(customers),
        at_least=at_least,
        state=state,
        since=since,
    )
    query = fingerprint("incident groups", scope)
    after = None
    if cursor is not None:
        opened_ms, number = position_in(vault, cursor, query)
        after = PlaceInList(to_datetime(opened_ms), number)
    async with database.planned_anew() as connection:
        found = await store.page_of(connection, scope, after=after, limit=limit + 1)
    if len(found) <= limit:
        return GroupsFound(groups=found, next_cursor=None)
    last = found[limit - 1].place
    return GroupsFound(groups=found[:limit], next_cursor=cursor_behind(vault, query, [to_ms(last.opened_at), last.id]))
