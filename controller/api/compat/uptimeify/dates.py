"""Dates as Uptimeify's clients send them: the vendor parses them as a browser's `new Date(text)` does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from controller.errors import InvalidError

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WHOLE_DAY = timedelta(days=1)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?")


def given_date(text: str | None, *, field: str, end: bool = False) -> datetime | None:
    """An ISO 8601 or RFC 5322 date, in UTC unless it names a zone; None without a text.

    With `end`, a day without a time stands for the midnight that ends it, so that the whole day is included. Raises
    InvalidError.
    """
    if not text:
        return None
    date = f"{text}-01-01"[:10] if _YEAR_OR_MONTH.fullmatch(text) else text
    try:
        at = _parsed(date)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        return at + min(_WHOLE_DAY, _END_OF_TIME - at) if end and _DAY.fullmatch(text) else at
    except (ValueError, OverflowError):
        raise InvalidError(field, "must be a date, as 2026-01-31 or 2026-01-31T12:00:00Z") from None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
