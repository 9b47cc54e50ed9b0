"""Makes and changes maintenance windows as bodies of Uptimeify's clients say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from controller.api.compat.uptimeify.coded_errors import CodedError
from controller.api.compat.uptimeify.maintenance.answers import tag_names, times_of
from controller.api.compat.uptimeify.maintenance.patterns import is_shown, recurrence_of, shown_pattern
from controller.api.compat.uptimeify.maintenance.schemas import NewWindowBody, WindowFields, WindowUpdate
from controller.api.compat.uptimeify.maintenance.targets import (
    MeantMonitor,
    check_types,
    is_selected,
    meant_monitors,
    targets_of,
)
from controller.api.compat.uptimeify.maintenance.times import NOT_AFTER, given_moment, wall_times
from controller.errors import InvalidError, InvalidFieldsError, NotFoundError
from controller.http.identifiers import customer_identifier
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow, Recurrence
from controller.model.tags import Tag
from controller.operations.maintenance.changing import NOT_FOUND, changing
from controller.operations.maintenance.targets import ONE_CUSTOMER, owners_of
from controller.operations.maintenance.windows import WindowChange, change_window, create_window
from controller.operations.tags.tags import list_tags, named_tags
from controller.store.accounts import organizations
from controller.store.platform.pool import Database

_FIELDS = {
    "start": "startTime",
    "end": "endTime",
    "recurrence": "recurrencePattern",
    "recurrence.interval": "recurrencePattern.interval",
    "recurrence.byDay": "recurrencePattern.daysOfWeek",
    "recurrence.byMonthDay": "recurrencePattern.dayOfMonth",
    "recurrence.until": "recurrencePattern.endRecurrenceDate",
    "targets.monitors": "targets",
    "targets.labels": "tagIds",
}


async def make_window(database: Database, principal: Principal, body: NewWindowBody) -> MaintenanceWindow:
    """Raises InvalidError, CodedError, UnknownCustomerError, ForbiddenError, OrganizationRequiredError."""
    async with database.one_transaction() as own:
        organization = await organizations.by_id(own, principal.organization_id)
        recurrence = _recurrence(body, None, zone := organization.time_zone if organization else "UTC")
        times = wall_times(
            given_moment(body.start_time, "startTime"),
            given_moment(body.end_time, "endTime"),
            zone,
            recurs=isinstance(recurrence, Recurrence),
        )
        change, meant = await _change(own, principal, body, None)
        with _named():
            made = await create_window(
                own,
                principal,
                WindowChange(
                    **change, time_zone=times.time_zone, start=times.start, end=times.end, recurrence=recurrence
                ),
            )
        check_types(meant, made)
    return made


async def replan_window(database: Database, principal: Principal, number: int, body: WindowUpdate) -> MaintenanceWindow:
    """Raises NotFoundError, and what `make_window` raises."""
    async with changing(database, principal, number) as (own, before):
        if before.of_status is not None:
            raise NotFoundError(NOT_FOUND)
        recurrence = _recurrence(body, before, before.time_zone)
        change, meant = await _change(own, principal, body, before)
        recurs = before.recurrence is not None if recurrence is UNSET else recurrence is not None
        times = _times(body, before, recurs=recurs)
        with _named():
            changed = await change_window(
                own,
                principal,
                before.id,
                WindowChange(**change, **times, recurrence=recurrence),
            )
        check_types(meant, changed)
    return changed


async def tags_of_windows(database: Database, windows: Sequence[MaintenanceWindow]) -> dict[str, Tag]:
    """The tags that these windows of one organization are for, by name."""
    return await named_tags(database, windows[0].organization_id, tag_names(windows)) if windows else {}


def _times(body: WindowUpdate, before: MaintenanceWindow, *, recurs: bool) -> dict[str, Any]:
    """The fields of a change of times, in the window's own zone."""
    start, end = shown = times_of(before)
    if body.start_time is not UNSET:
        start = given_moment(body.start_time, "startTime", start)
    if body.end_time is not UNSET:
        end = given_moment(body.end_time, "endTime", end)
    return {} if (start, end) == shown else wall_times(start, end, before.time_zone, recurs=recurs)._asdict()


def _recurrence(body: WindowFields, before: MaintenanceWindow | None, zone: str) -> Recurrence | UnsetType | None:
    pattern, recurring = body.recurrence_pattern, body.is_recurring
    if recurring is False:
        return None
    if pattern is UNSET or pattern is None:
        if pattern is None and recurring is not True:
            return None
        if recurring is True and (pattern is None or before is None or before.recurrence is None):
            raise InvalidError("recurrencePattern", "must be set when isRecurring is true")
        return UNSET if before is not None else None
    if before is not None and is_shown(pattern, shown_pattern(before)):
        return UNSET
    return recurrence_of(pattern, zone)


async def _change(
    database: Database, principal: Principal, body: NewWindowBody | WindowUpdate, before: MaintenanceWindow | None
) -> tuple[dict[str, Any], Sequence[MeantMonitor]]:
    """The fields of a change without times and recurrence, and the monitors that the body names."""
    monitors = meant_monitors(body)
    if monitors is not UNSET and before is not None and is_selected(monitors, before):
        monitors = UNSET
    tags = await _tags(database, principal, body, before)
    customer = _customer(body.customer_id)
    owners = set() if monitors is UNSET else await owners_of(database, principal, [one.id for one in monitors])
    if len(owners) > 1:
        raise CodedError("mixedCustomers", "targets", "must all belong to one customer")
    targets = targets_of(monitors, tags, before)
    if customer is UNSET and targets is not UNSET and before is not None:
        customer = before.customer_id
        if customer is not None and owners:
            customer = next(iter(owners))
    return {
        "name": body.name,
        "description": body.description or None if body.description is not UNSET else UNSET,
        "enabled": body.is_active,
        "targets": targets,
        "customer": customer,
    }, monitors or ()


def _customer(sent: int | str | UnsetType | None) -> int | UUID | UnsetType | None:
    """Raises InvalidError."""
    return sent if sent is UNSET or sent is None else customer_identifier(sent)


async def _tags(
    database: Database, principal: Principal, body: WindowFields, before: MaintenanceWindow | None
) -> list[Tag] | UnsetType:
    """UNSET also where a client sends the tags back as it read them."""
    if body.tag_ids is UNSET:
        return UNSET
    numbers = set(body.tag_ids or [])
    present = {} if before is None else await named_tags(database, before.organization_id, tag_names([before]))
    if before is not None and numbers == {tag.id for tag in present.values()}:
        return UNSET
    known = {tag.id: tag for tag in (*present.values(), *await list_tags(database, principal))}
    if not known.keys() >= numbers:
        raise InvalidError("tagIds", "must be numbers of tags that you may see")
    return [known[number] for number in sorted(numbers)]


@contextmanager
def _named() -> Iterator[None]:
    """Give mistakes the names of this API's fields."""
    try:
        yield
    except InvalidError as error:
        problems = [_renamed(one) for one in error.fields]
        first = next((one for one in problems if isinstance(one, CodedError)), problems[0])
        raise first if len(problems) == 1 or isinstance(first, CodedError) else InvalidFieldsError(problems) from error


def _renamed(error: InvalidError) -> InvalidError:
    field = _FIELDS.get(error.field, error.field)
    if error.rule == ONE_CUSTOMER:
        return CodedError("mixedCustomers", field, "must all belong to one customer")
    if error.field == "end" and error.rule == "must be after start":
        return InvalidError(field, error.rule, message=NOT_AFTER)
    if error.field == "targets":
        return InvalidError(field, "must name at least one monitor, or tagIds one tag")
    return InvalidError(field, error.rule)
