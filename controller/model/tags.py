"""Tags: labels without a value, as Uptimeify's clients know them, by number and with a color."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class TagColor(StrEnum):
    SLATE = "slate"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    TEAL = "teal"
    BLUE = "blue"
    INDIGO = "indigo"
    VIOLET = "violet"
    PINK = "pink"
    GRAY = "gray"


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the key of the label. `made_by` is the number of an account, None where nobody made the tag by hand."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    color: TagColor
    made_by: int | None
    created_at: datetime
    updated_at: datetime
