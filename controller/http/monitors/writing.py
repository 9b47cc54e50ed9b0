"""Creates and changes a monitor of any kind by its fields, for routes and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from controller.store.locations.locations import all_locations
from controller.store.monitors.beside import location_codes
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
        made = await monitors.create_monitor(
            services.database,
            services.vault,
            principal,
            (kind,),
            body.customer_id,
            change,
            strictness=_strictness(found),
        )
    return WrittenMonitor(made, locations)


async def write_change(services: Services, principal: Principal, identifier: UUID, decide: Decide) -> WrittenMonitor:
    """The monitor with what `decide` says, while it is locked. Raises InvalidFieldsError, NotFoundError,
    ForbiddenError, AlreadyExistsError, and what `decide` raises.
    """
    locations = await all_locations(services.database)
    found = Breaches()
    kinds = [next(iter(KINDS))]

    def change(monitor: Monitor) -> MonitorChange:
        kinds[0] = monitor.kind
        body, sent = decide(monitor, locations, found)
        made = change_of(body, sent, monitor, locations, services.vault, found)
        kinds[0] = made.kind if isinstance(made.kind, str) else monitor.kind
        return made

    try:
        changed = await monitors.update_monitor(
            services.database, services.vault, principal, KINDS, identifier, change, strictness=_strictness(found)
        )
    except InvalidError as error:
        with in_our_names(kinds[0]):
            raise error from None
    return WrittenMonitor(changed, locations)


async def codes_of_locations(services: Services) -> dict[int, str]:
    """The codes of all locations by their numbers, also of removed ones."""
    return await location_codes(services.database)


def _strictness(found: Breaches) -> monitors.Strictness:
    return monitors.Strictness(longest_timeout_seconds=LONGEST_DIALOGUE_SECONDS, found=found)
