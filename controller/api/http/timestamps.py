"""Moments as every group of routes prints them: ISO 8601, UTC, milliseconds, `Z` (api.md, rule 21)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec

Moment: TypeAlias = Annotated[
    str, msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-01T12:00:00.000Z"])
]


def moment(at: datetime) -> Moment:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_or_none(at: datetime | None) -> Moment | None:
    return moment(at) if at else None
