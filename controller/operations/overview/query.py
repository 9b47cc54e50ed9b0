"""The address of the overview: its parameters, read strictly and written briefly."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from controller.decisions.monitors.labels import labels_meant
from controller.errors import InvalidError
from controller.kinds import BY_NAME
from controller.model.overview import DisplayState, OverviewFilter, OverviewSort
from controller.model.values.countries import country_code
from controller.model.values.json_rules import quoted

_NAMES = ("q", "state", "country", "kind", "customer", "label", "sort", "page")
_ELSEWHERE = "organizationId"
"""Read where the caller is identified; links keep it."""
_DONE = "done"
"""What a form has just done; no link keeps it."""
_LONGEST_SEARCH = 255
_LAST_PAGE = 1_000_000
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LARGEST = 2**63 - 1


class OverviewQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the address says. `organization` is what a global role named, as it was written, and `done` the word for
    what a form has just done.
    """

    filter: OverviewFilter
    organization: str = ""
    done: str = ""

    def link(self, **changes: object) -> str:
        """The path of the same list with other values of its filter. Any change but that of the page leads to the
        first page.
        """
        query = self.written(**changes)
        return f"/?{query}" if query else "/"

    def written(self, **changes: object) -> str:
        """The query string of such a link."""
        one = msgspec.structs.replace(self.filter, **({"page": 1} | changes))
        values = {
            "q": one.search,
            "state": ",".join(one.states),
            "country": one.country or "",
            "kind": one.kind or "",
            "customer": str(one.customer or ""),
            "label": list(map(label_text, one.labels)),
            "sort": "" if one.sort is OverviewSort.WORST else one.sort.value,
            "page": "" if one.page == 1 else str(one.page),
            _ELSEWHERE: self.organization,
        }
        return urlencode({name: value for name, value in values.items() if value}, doseq=True, safe=",:")


def label_text(label: tuple[str, str | None]) -> str:
    """`key:value`, or `key` for any value."""
    key, value = label
    return key if value is None else f"{key}:{value}"


def read_query(text: str) -> OverviewQuery:
    """From the query string, without `?`. A parameter without a value counts as not given, since forms send those.

    Raises InvalidError naming the parameter and the rule.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise InvalidError("The address", "must have at most 50 parameters") from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in (*_NAMES, _ELSEWHERE, _DONE):
            raise InvalidError(quoted(name[:50]), f"is not a parameter of this page; it knows {', '.join(_NAMES)}")
        if value:
            values.setdefault(name, []).append(value)
    return OverviewQuery(
        filter=OverviewFilter(
            search=_search(_once(values, "q")),
            states=_states(values.get("state", [])),
            country=country_code(one, field="country") if (one := _once(values, "country")) else None,
            kind=_kind(_once(values, "kind")),
            customer=_customer(_once(values, "customer")),
            labels=_labels(values.get("label", [])),
            sort=_sort(_once(values, "sort")),
            page=_page(_once(values, "page")),
        ),
        organization=_once(values, _ELSEWHERE),
        done=_once(values, _DONE),
    )


def _once(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name, [])
    if len(found) > 1:
        raise InvalidError(name, "must be given once")
    return found[0] if found else ""


def _search(text: str) -> str:
    if len(text) > _LONGEST_SEARCH or "\0" in text:
        raise InvalidError("q", f"must be at most {_LONGEST_SEARCH} characters, none of them NUL")
    return text.strip()


def _states(texts: list[str]) -> tuple[DisplayState, ...]:
    """Once each, worst first. They may be in one value, with commas between them, or in several."""
    words = {word for text in texts for word in text.split(",") if word}
    for word in words - set(DisplayState):
        raise InvalidError("state", f"must be any of {', '.join(DisplayState)}, not {quoted(word[:20])}")
    return tuple(state for state in DisplayState if state in words)


def _kind(text: str) -> str | None:
    if text and text not in BY_NAME:
        raise InvalidError("kind", f"must be one of {', '.join(BY_NAME)}")
    return text or None


def _customer(text: str) -> int | UUID | None:
    if not text:
        return None
    if _UUID.fullmatch(text):
        return UUID(text)
    if text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= _LARGEST:
        return int(text)
    raise InvalidError("customer", "must be the number or the UUID of a customer")


def _labels(texts: list[str]) -> tuple[tuple[str, str | None], ...]:
    values, keys = labels_meant(texts)
    return (*sorted(values.items()), *((key, None) for key in keys))


def _sort(text: str) -> OverviewSort:
    if text and text not in set(OverviewSort):
        raise InvalidError("sort", f"must be one of {', '.join(OverviewSort)}")
    return OverviewSort(text) if text else OverviewSort.WORST


def _page(text: str) -> int:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= _LAST_PAGE):
        raise InvalidError("page", f"must be from 1 to {_LAST_PAGE}")
    return int(text)
