"""The query parameters of `GET /api/results`. An unknown parameter is refused, because a misspelled filter would
otherwise return everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar.datastructures import MultiDict
from litestar.datastructures.headers import Accept
from litestar.params import QueryParameter

from controller.api.v1.results.formats import CSV, NDJSON, Format
from controller.decisions.history.history import Order
from controller.errors import InvalidError
from controller.http.identifiers import customer_identifier
from controller.model.values.countries import country_list
from controller.operations.results.results import Question
from shared.wire.messages import ResultStatus
from shared.wire.rounds import RECORDED, Purpose
from shared.wire.targets import KINDS

LONGEST_PAGE = 1000
DEFAULT_PAGE = 100
MOST_NAMED = 100
JSON = "application/json"
FORMATS: dict[str, Format | None] = {"json": None, "ndjson": NDJSON, "csv": CSV}

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST_CURSOR = 2000

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_MOMENT = "ISO 8601, UTC unless it says otherwise"
From = Annotated[
    str | None, QueryParameter(name="from", description=f"{_MOMENT}. 24 hours before `to` when not given.")
]
To = Annotated[str | None, QueryParameter(name="to", description=f"{_MOMENT}; not included. Now when not given.")]
Monitors = Annotated[
    str | None, QueryParameter(name="monitor", description=f"Public UUIDs, at most {MOST_NAMED}, separated by commas.")
]
Countries = Annotated[
    str | None, QueryParameter(name="country", description="ISO 3166-1 alpha-2 codes, separated by commas.")
]
Locations = Annotated[
    str | None, QueryParameter(name="location", description="Codes of locations, separated by commas.")
]
KindNames = Annotated[
    str | None, QueryParameter(name="kind", description=f"Of {', '.join(KINDS)}, separated by commas.")
]
Statuses = Annotated[
    str | None, QueryParameter(name="status", description=f"Of {', '.join(ResultStatus)}, separated by commas.")
]
Purposes = Annotated[
    str | None, QueryParameter(name="purpose", description=f"Of {', '.join(RECORDED)}, separated by commas.")
]
OrderName = Annotated[
    str | None,
    QueryParameter(
        name="order", description="By due moment: desc (default) or asc.", schema_extra={"enum": list(Order)}
    ),
]
PageLimit = Annotated[
    int | None,
    QueryParameter(
        ge=1,
        description=f"Of a page {DEFAULT_PAGE} when not given, {LONGEST_PAGE} at most. An export has none of its own.",
    ),
]
CursorText = Annotated[
    str | None,
    QueryParameter(
        name="cursor", description="`nextCursor` of the page before, with the same parameters but for limit and format."
    ),
]
FormatName = Annotated[
    str | None,
    QueryParameter(
        name="format",
        description="json: a page. ndjson, csv: an export of all that is found. Wins over the header Accept.",
        schema_extra={"enum": list(FORMATS)},
    ),
]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as the caller sent them."""

    since: str | None
    until: str | None
    order: str | None
    customer: str | None
    monitors: str | None
    countries: str | None
    locations: str | None
    kinds: str | None
    statuses: str | None
    purposes: str | None


def require_known(sent: MultiDict[str], known: Iterable[str]) -> None:
    """Check that each parameter is known and given once. Raises InvalidError."""
    names = sorted(known)
    for name in sent.dict():
        if name not in names:
            raise InvalidError(name[:50], f"is not a parameter of this route: {', '.join(names)}")
    require_once(sent)


def require_once(sent: MultiDict[str]) -> None:
    """Check that each parameter is given once. Raises InvalidError."""
    for name in sent.dict():
        if len(sent.getall(name)) > 1:
            raise InvalidError(name[:50], "is given more than once: separate several values by commas")


def question(given: Given) -> Question:
    """Raises InvalidError."""
    return Question(
        since=given_moment(given.since, "from"),
        until=given_moment(given.until, "to"),
        order=one_of(Order, given.order or Order.DESC, "order"),
        customer=None if given.customer is None else customer_identifier(given.customer),
        monitors=several(given.monitors, "monitor", _uuid),
        countries=country_list(several(given.countries, "country", _text), field="country"),
        locations=several(given.locations, "location", _text),
        kinds=several(given.kinds, "kind", kind_name),
        statuses=several(given.statuses, "status", lambda text, field: one_of(ResultStatus, text, field)),
        purposes=several(given.purposes, "purpose", _purpose),
    )


def given_cursor(text: str | None) -> str | None:
    """Raises InvalidError."""
    if text is not None and not 0 < len(text) <= _LONGEST_CURSOR:
        raise InvalidError("cursor", "must be the nextCursor of an answer of this route")
    return text


def page_limit(limit: int | None) -> int:
    """Raises InvalidError."""
    if limit is not None and limit > LONGEST_PAGE:
        raise InvalidError("limit", f"must be at most {LONGEST_PAGE} for a page; an export may have more")
    return limit or DEFAULT_PAGE


def chosen_format(name: str | None, accept: Accept) -> Format | None:
    """None is a page of JSON, also for a client that accepts none of our formats. Raises InvalidError."""
    if name is not None:
        if name not in FORMATS:
            raise InvalidError("format", f"must be one of {', '.join(FORMATS)}")
        return FORMATS[name]
    by_type = {form.media_type: form for form in FORMATS.values() if form}
    return by_type.get(accept.best_match([JSON, *by_type]) or JSON)


def several(text: str | None, field: str, read: Callable[[str, str], T]) -> list[T] | None:
    """The values without duplicates and sorted, so that equal questions are equal. Raises InvalidError."""
    if text is None:
        return None
    parts = sorted({part.strip() for part in text.split(",")})
    if "" in parts:
        raise InvalidError(field, "must hold one value or several, separated by commas")
    if len(parts) > MOST_NAMED:
        raise InvalidError(field, f"must hold at most {MOST_NAMED} values")
    return list(dict.fromkeys(read(part, field) for part in parts))


def given_moment(text: str | None, field: str) -> datetime | None:
    """Raises InvalidError."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidError(
            field, "must be a moment in ISO 8601, as 2026-01-31T12:00:00Z (in a URL, write + as %2B)"
        ) from None


def _uuid(text: str, field: str) -> UUID:
    if not _UUID.fullmatch(text):
        raise InvalidError(field, "must hold the public UUIDs of monitors, separated by commas")
    return UUID(text)


def kind_name(text: str, field: str) -> str:
    if text not in KINDS:
        raise InvalidError(field, f"must be one of {', '.join(KINDS)}")
    return text


def one_of(kind: type[E], text: str, field: str) -> E:
    """Raises InvalidError."""
    try:
        return kind(text)
    except ValueError:
        raise InvalidError(field, f"must be one of {', '.join(kind)}") from None


def _purpose(text: str, field: str) -> Purpose:
    if text not in RECORDED:
        raise InvalidError(field, f"must be one of {', '.join(RECORDED)}")
    return Purpose(text)


def _text(text: str, _: str) -> str:
    return text
