"""What the page of labels and saved filters shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from controller.errors import InvalidError
from controller.model.saved_filters import SavedFilter
from controller.operations.monitors.labels import LabelInUse
from controller.operations.monitors.many import ManyDone
from controller.operations.overview.saved_filters import normalised
from controller.pages.many.view import fingerprint
from controller.pages.words.labels import label_path

DONE = {
    "renamed": "The label is renamed.",
    "removed": "The label is removed.",
    "filter": "The saved filter is changed.",
    "forgotten": "The saved filter is deleted.",
}
_MOST_VALUES = 20
_MOST_NAMED = 20
_MOST_PROBLEMS = 10


class ValueView(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a label. `change` is what the address of its rename and removal has as query."""

    value: str
    monitors: int
    path: str
    change: str


class LabelView(msgspec.Struct, frozen=True, kw_only=True):
    """`more` are values that are not shown."""

    key: str
    monitors: int
    path: str
    change: str
    values: list[ValueView]
    more: int


class FilterRow(msgspec.Struct, frozen=True, kw_only=True):
    """`problem` says why the overview does not understand it any more."""

    name: str
    path: str
    query: str
    shared: bool
    edit: str
    problem: str


class LabelsView(msgspec.Struct, frozen=True, kw_only=True):
    labels: list[LabelView]
    filters: list[FilterRow]
    may_change: bool
    done: str


class LabelChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """The rename or the removal of a label. `effect` is None before there is a new name."""

    act: str
    key: str
    value: str | None
    form: dict[str, str]
    problems: dict[str, str]
    effect: LabelEffect | None
    done: str = ""


class LabelEffect(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen: to how many monitors, the first of them by name, and what stands against it. `drawn` differs
    for other monitors.
    """

    changed: int
    drawn: str
    named: list[tuple[str, str]]
    refused: list[tuple[str, str, str]]


class FilterFormView(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a saved filter; `path` is None for one that is not saved yet."""

    path: str
    form: dict[str, str]
    problems: dict[str, str]
    may_share: bool
    longest: int
    done: str = ""


class FilterEndView(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    name: str
    shared: bool
    done: str = ""


def labels_view(
    labels: Sequence[LabelInUse], filters: Sequence[SavedFilter], *, may_change: bool, may_share: bool, done: str
) -> LabelsView:
    return LabelsView(
        labels=[_label(one) for one in labels],
        filters=[_filter(one, may_change=may_share or not one.shared) for one in filters],
        may_change=may_change,
        done=DONE.get(done, ""),
    )


def effect_of(done: ManyDone) -> LabelEffect:
    changed = [one for one in done.monitors if one.id in done.changed]
    names = {one.public_id: one.name for one in done.monitors}
    return LabelEffect(
        changed=len(changed),
        drawn=fingerprint(done),
        named=[(f"/monitors/{one.public_id}", one.name) for one in changed[:_MOST_NAMED]],
        refused=[
            (f"/monitors/{one.monitor}", names.get(one.monitor, "a monitor"), str(one.problem))
            for one in done.problems[:_MOST_PROBLEMS]
        ],
    )


def _label(one: LabelInUse) -> LabelView:
    shown = one.values[:_MOST_VALUES]
    return LabelView(
        key=one.key,
        monitors=one.monitors,
        path=label_path(one.key),
        change=urlencode({"key": one.key}),
        values=[
            ValueView(
                value=value,
                monitors=count,
                path=label_path(one.key, value),
                change=urlencode({"key": one.key, "value": value}),
            )
            for value, count in shown
        ],
        more=len(one.values) - len(shown),
    )


def _filter(one: SavedFilter, *, may_change: bool) -> FilterRow:
    problem = ""
    try:
        normalised(one.query)
    except InvalidError as error:
        problem = str(error)
    return FilterRow(
        name=one.name,
        path=f"/?{one.query}",
        query=one.query,
        shared=one.shared,
        edit=f"/settings/saved-filters/{one.public_id}" if may_change else "",
        problem=problem,
    )
