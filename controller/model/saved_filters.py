"""Filters of the overview that are saved under a name."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class SavedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`query` is that of the overview's address, without the question mark. `account_id` is whose it is; None: the
    organization's, for all its people. `customer_id` is the customer that the query names, if it names one.
    """

    id: int
    public_id: UUID
    organization_id: int
    account_id: int | None
    customer_id: int | None
    name: str
    query: str
    created_at: datetime
    updated_at: datetime

    @property
    def shared(self) -> bool:
        return self.account_id is None
