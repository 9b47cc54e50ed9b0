"""What a screen on a wall shows, and the tokens of such screens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.model.overview import DisplayState

BY_CUSTOMER = "customer"
BY_LABEL = "label:"
"""What `by` begins with, before the key of a label."""


class WallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which monitors a wall shows, and how. Empty means all. `labels` are `key:value`, or a key that has any value.
    `by` is what monitors are counted by: BY_CUSTOMER, BY_LABEL with a key, or nothing. The list of the worst has
    `columns`.
    """

    customer: UUID | None = None
    labels: tuple[str, ...] = ()
    states: tuple[DisplayState, ...] = ()
    by: str = ""
    columns: int = 1

    @property
    def by_label(self) -> str | None:
        """The key of the label that monitors are counted by; None when they are counted by something else."""
        return self.by.removeprefix(BY_LABEL) if self.by.startswith(BY_LABEL) else None


class ScreenToken(msgspec.Struct, frozen=True, kw_only=True):
    """A screen's token without its secret: it reads one wall and nothing else. `customer_ids` are the customers that
    the screen is limited to; None is no limit. `made_by` is a person's e-mail address, None when that account is gone.
    """

    id: int
    public_id: UUID
    organization_id: int
    name: str
    view: WallQuery
    customer_ids: list[int] | None
    made_by: str | None
    created_at: datetime
    last_used_at: datetime | None
    last_used_address: str | None
