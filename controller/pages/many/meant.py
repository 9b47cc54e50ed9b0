"""Which monitors the overview's list shows, as a filter that operations take."""

from __future__ import annotations

from collections.abc import Sequence

from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.http.services import Services
from controller.model import Customer, Principal
from controller.model.monitor_list import MonitorFilter
from controller.model.overview import OverviewFilter
from controller.operations.accounts.customers import get_customer


async def meant_by(
    services: Services, principal: Principal, selection: OverviewFilter
) -> tuple[MonitorFilter, Customer | None]:
    """The same monitors as the overview's. Raises InvalidError."""
    customer = None
    if selection.customer is not None:
        try:
            customer = await get_customer(services.database, principal, selection.customer)
        except (NotFoundError, ForbiddenError):
            raise InvalidError("customer", "must be a customer that you may see") from None
    return MonitorFilter(
        kinds=_one(selection.kind),
        states=list(selection.states) or None,
        countries=_one(selection.country),
        customer=customer.public_id if customer else None,
        labels={key: value for key, value in selection.labels if value is not None},
        label_keys=[key for key, value in selection.labels if value is None],
        search=selection.search or None,
    ), customer


def _one(value: str | None) -> Sequence[str] | None:
    return None if value is None else [value]
