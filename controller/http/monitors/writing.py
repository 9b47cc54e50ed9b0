"""Creates and changes a monitor of any kind by its fields, for routes and pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from msgspec import UnsetType

from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.http.monitors.changes import ALL, change_of
from controller.http.monitors.names import in_our_names
from controller.http.monitors.settable import SettableMonitor
from controller.http.services import Services
from controller.kinds.kind import LONGEST_DIALOGUE_SECONDS
from controller.kinds.typed import TARGET
from controller.model import Location, Monitor, MonitorChange, Principal
from controller.operations.monitors import monitors
from controller.operations.monitors.dependencies import hold_parents, set_parents
from controller.store.locations.locations import all_locations
from controller.store.monitors.beside import location_codes
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.wire.targets import KINDS


class WrittenMonitor(NamedTuple):
    """A monitor as it is now, and all locations there are."""

    monitor: Monitor
    locations: Sequence[Location]


Decide = Callable[[Monitor, Sequence[Location], Breaches], tuple[SettableMonitor, frozenset[str]]]
"""Says by the present monitor which values, and which of their fields, are taken. May note breaches, or raise."""


async def write_new(
    services: Services, principal: Principal, body: SettableMonitor, sent: frozenset[str] = ALL
) -> WrittenMonitor:
    """A new monitor; `body` has a target and a customer, and fields that are not `sent` are as in any new one. Raises
    InvalidFieldsError, UnknownCustomerError, ForbiddenError, AlreadyExistsError.
    """
    if isinstance(body.customer_id, UnsetType):
        raise InvalidError("customerId", "is required")
    if isinstance(body.target, UnsetType):
        raise InvalidError(TARGET, "is required")
    locations = await all_locations(services.database)
    kind, found = str(body.target.__struct_config__.tag), Breaches()
    with in_our_names(kind):
        change = change_of(body, sent, None, locations, services.vault, found)
        async with services.database.one_transaction() as own:
            made = await monitors.create_monitor(
                own,
                services.vault,
                principal,
                (kind,),
                body.customer_id,
                change,
                strictness=_strictness(found),
            )
            if "depends_on" in sent and body.depends_on:
                made = await _with_parents(own, principal, made, body.depends_on)
    return WrittenMonitor(made, locations)


@asynccontextmanager
async def writing(
    services: Services, principal: Principal, identifier: UUID, sent: frozenset[str]
) -> AsyncIterator[Database]:
    """The transaction in which a monitor is read and then changed by `write_change`. Raises NotFoundError,
    ForbiddenError.
    """
    async with services.database.one_transaction() as own:
        if "depends_on" in sent:
            await hold_parents(own, principal, KINDS, identifier)
        yield own


async def write_change(
    database: Database, vault: Vault, principal: Principal, identifier: UUID, decide: Decide
) -> WrittenMonitor:
    """The monitor with what `decide` says, while it is locked; `database` is that of `writing`. Raises
    InvalidFieldsError, NotFoundError, ForbiddenError, AlreadyExistsError, and what `decide` raises.
    """
    locations = await all_locations(database)
    found = Breaches()
    kinds = [next(iter(KINDS))]
    parents: Sequence[UUID] | None = None

    def change(monitor: Monitor) -> MonitorChange:
        nonlocal parents
        kinds[0] = monitor.kind
        body, sent = decide(monitor, locations, found)
        parents = body.depends_on if "depends_on" in sent else None
        made = change_of(body, sent, monitor, locations, vault, found)
        kinds[0] = made.kind if isinstance(made.kind, str) else monitor.kind
        return made

    try:
        changed = await monitors.update_monitor(
            database, vault, principal, KINDS, identifier, change, strictness=_strictness(found)
        )
    except InvalidError as error:
        with in_our_names(kinds[0]):
            raise error from None
    if parents is not None:
        changed = await _with_parents(database, principal, changed, parents)
    return WrittenMonitor(changed, locations)


async def _with_parents(database: Database, principal: Principal, monitor: Monitor, parents: Sequence[UUID]) -> Monitor:
    """Raises InvalidError, ForbiddenError."""
    await set_parents(database, principal, KINDS, monitor.public_id, parents)
    return await monitors.get_monitor(database, principal, KINDS, monitor.public_id)


async def codes_of_locations(services: Services) -> dict[int, str]:
    """The codes of all locations by their numbers, also of removed ones."""
    return await location_codes(services.database)


def _strictness(found: Breaches) -> monitors.Strictness:
    return monitors.Strictness(longest_timeout_seconds=LONGEST_DIALOGUE_SECONDS, found=found)
