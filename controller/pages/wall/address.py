"""The address of a wall: its parameters, read strictly and written briefly."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from controller.decisions.walls import check_wall
from controller.errors import InvalidError
from controller.http.identifiers import is_uuid
from controller.model.overview import DisplayState
from controller.model.values.json_rules import quoted
from controller.model.walls import WallQuery

WALL_PATH = "/wall"

_ONCE = ("customer", "by", "columns")
_NAMES = ("customer", "label", "state", "by", "columns")


def wall_path(query: WallQuery) -> str:
    """The path and query of this wall."""
    usual = WallQuery()
    values = [
        *([("customer", str(query.customer))] if query.customer else []),
        *(("label", label) for label in query.labels),
        *([("state", ",".join(query.states))] if query.states else []),
        *([("by", query.by)] if query.by else []),
        *([("columns", str(query.columns))] if query.columns != usual.columns else []),
    ]
    return f"{WALL_PATH}?{urlencode(values, safe=',:')}" if values else WALL_PATH


def read_wall_query(text: str) -> WallQuery:
    """From the query string, without `?`. A parameter without a value counts as not given, since forms send those.

    Raises InvalidError naming the parameter and the rule.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise InvalidError("The address", "must have at most 50 parameters") from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in _NAMES:
            raise InvalidError(quoted(name[:50]), f"is not a parameter of this page; it knows {', '.join(_NAMES)}")
        if value:
            values.setdefault(name, []).append(value)
    if twice := [name for name in _ONCE if len(values.get(name, [])) > 1]:
        raise InvalidError(twice[0], "must be given once")
    query = wall_query(
        customer=values.get("customer", [""])[0],
        labels=values.get("label", []),
        states=values.get("state", []),
        by=values.get("by", [""])[0],
        columns=values.get("columns", [""])[0],
    )
    check_wall(query)
    return query


def wall_query(*, customer: str, labels: list[str], states: list[str], by: str, columns: str) -> WallQuery:
    """From texts, of which empty ones count as not given. Several states may be in one text, with commas between them.
    Raises InvalidError for what no query can hold; the rest is for `check_wall`.
    """
    if customer and not is_uuid(customer):
        raise InvalidError("customer", "must be the UUID of a customer")
    words = {word for text in states for word in text.split(",") if word}
    for word in words - set(DisplayState):
        raise InvalidError("state", f"must be any of {', '.join(DisplayState)}, not {quoted(word[:20])}")
    return WallQuery(
        customer=UUID(customer) if customer else None,
        labels=tuple(dict.fromkeys(labels)),
        states=tuple(state for state in DisplayState if state in words),
        by=by.strip(),
        columns=(int(columns) if columns.isascii() and columns.isdigit() and len(columns) < 3 else 0)
        if columns
        else WallQuery().columns,
    )
