"""The saved filters above the list, and the form that saves the present one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.model.saved_filters import SavedFilter
from controller.operations.overview.query import OverviewQuery
from controller.operations.overview.saved_filters import LONGEST_NAME


class SavedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A saved filter; `shown` is the one that the list has now."""

    name: str
    path: str
    shared: bool
    shown: bool


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """`saving` is the query that can be saved: empty for one that is saved already, and for all monitors."""

    links: list[SavedLink] = []
    saving: str = ""
    may_share: bool = False
    longest: int = LONGEST_NAME


def saved_view(query: OverviewQuery, filters: Sequence[SavedFilter], *, may_save: bool, may_share: bool) -> SavedView:
    here = OverviewQuery(filter=query.filter).link(page=1).partition("?")[2]
    links = [
        SavedLink(name=one.name, path=f"/?{one.query}", shared=one.shared, shown=one.query == here) for one in filters
    ]
    new = bool(here) and not any(one.shown for one in links)
    return SavedView(links=links, saving=here if may_save and new else "", may_share=may_share)
