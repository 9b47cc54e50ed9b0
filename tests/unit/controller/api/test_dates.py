"""Dates in queries are read as a browser's `new Date(text)` reads them."""

from __future__ import annotations

import pytest

from controller.api.compat.uptimeify.dates import given_date
from controller.errors import InvalidError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-01-31", "2026-01-31T00:00:00+00:00", id="a day"),
        pytest.param("2026-01", "2026-01-01T00:00:00+00:00", id="a month"),
        pytest.param("2026", "2026-01-01T00:00:00+00:00", id="a year"),
        pytest.param("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00+00:00", id="as toISOString writes it"),
        pytest.param("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00+00:00", id="with an offset"),
        pytest.param("2026-01-31T12:00", "2026-01-31T12:00:00+00:00", id="without a zone: UTC"),
        pytest.param("Sat, 31 Jan 2026 12:00:00 GMT", "2026-01-31T12:00:00+00:00", id="as toUTCString writes it"),
    ],
)
def test_a_date_is_read(text: str, moment: str) -> None:
    at = given_date(text, field="date")
    assert at is not None
    assert at.isoformat() == moment


@pytest.mark.parametrize("text", [None, ""])
def test_no_text_is_no_date(text: str | None) -> None:
    assert given_date(text, field="date") is None


def test_a_day_ends_where_the_next_begins_and_a_moment_at_once() -> None:
    ends = [given_date(text, field="endDate", end=True) for text in ("2026-01-31", "2026-01-31T00:00", "9999-12-31")]
    assert [str(end) for end in ends] == [
        "2026-02-01 00:00:00+00:00",
        "2026-01-31 00:00:00+00:00",
        "9999-12-31 23:59:59.999999+00:00",
    ]


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01", "2026-02-30", "0001-01-01T00:00+01:00", "1767225600000", "\0", "0000", "٢٠٢٦"]
)
def test_what_is_no_date_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidError, match="startDate must be a date, as 2026-01-31 or"):
        given_date(text, field="startDate")
