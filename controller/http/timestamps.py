"""Timestamps as all groups of routes write them: ISO 8601, UTC, milliseconds, `Z` (docs/compatibility.md, U21)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from shared.epoch import to_text

Timestamp: TypeAlias = Annotated[
    str, msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-01-01T12:00:00.000Z"])
]


def timestamp(at: datetime) -> Timestamp:
    return to_text(at)


def timestamp_or_none(at: datetime | None) -> Timestamp | None:
    return timestamp(at) if at else None
