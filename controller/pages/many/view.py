"""What the page of many monitors shows. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.errors import DomainError
from controller.kinds import label_of
from controller.model.overview import OverviewFilter
from controller.model.values.countries import country_name
from controller.operations.monitors.many import ManyDone
from controller.operations.overview.query import label_text
from controller.pages.many.acts import ACTS, Act, ManyMonitorsForm
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.texts import counted

SHOWN = 20
_FIELDS = ("act", "interval", "countries", "label", "key")


class ChangingMonitor(msgspec.Struct, frozen=True):
    public_id: UUID
    name: str


class RefusedMonitor(msgspec.Struct, frozen=True):
    """A monitor that cannot be changed so, and why."""

    public_id: UUID
    name: str
    why: str


class ManyPreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen. `first` are the first of those that change, by name; `same` is how many stay as they are.
    `button` is empty when there is nothing to do. `drawn` stands for exactly these monitors.
    """

    meaning: str
    changing: int
    first: list[ChangingMonitor]
    same: int
    refused: list[RefusedMonitor]
    button: str
    destroys: bool
    drawn: str


class ManyMonitorsView(msgspec.Struct, frozen=True, kw_only=True):
    """`chosen` says in words which monitors are meant. `query` is that of the overview; `back` is its path. `preview`
    is None before an act was chosen; `moved`: other monitors are meant now than those that were shown.
    """

    query: str
    back: str
    matching: int
    chosen: list[str]
    acts: list[tuple[str, str]]
    countries: list[tuple[str, str]]
    form: dict[str, Any]
    problems: dict[str, str]
    preview: ManyPreviewView | None
    moved: bool


def many_view(
    *,
    query: str,
    back: str,
    matching: int,
    chosen: list[str],
    acts: Mapping[str, Act],
    countries: list[str],
    form: ManyMonitorsForm,
    error: DomainError | None = None,
    preview: ManyPreviewView | None = None,
    moved: bool = False,
) -> ManyMonitorsView:
    values = values_of(form)
    return ManyMonitorsView(
        query=query,
        back=back,
        matching=matching,
        chosen=chosen,
        acts=[(name, act.words) for name, act in acts.items()],
        countries=[(code, country_name(code)) for code in countries],
        form=values if form.countries or form.act == "countries" else values | {"countries": countries},
        problems=_problems(error) if error else {},
        preview=preview,
        moved=moved,
    )


def preview_of(form: ManyMonitorsForm, meaning: str, done: ManyDone) -> ManyPreviewView:
    """From a trial run."""
    changing = [one for one in done.monitors if one.id in done.changed]
    names = {one.public_id: one.name for one in done.monitors}
    act = ACTS[form.act]
    first = sorted(changing, key=lambda one: one.name.lower())[:SHOWN]
    return ManyPreviewView(
        meaning=meaning,
        changing=len(changing),
        first=[ChangingMonitor(one.public_id, one.name) for one in first],
        same=len(done.monitors) - len(changing),
        refused=[
            RefusedMonitor(one.monitor, names.get(one.monitor, ""), str(one.problem)) for one in done.problems[:SHOWN]
        ],
        button=f"{act.verb} {counted(len(changing), 'monitor')}" if changing and not done.problems else "",
        destroys=act.destroys,
        drawn=fingerprint(done),
    )


def fingerprint(done: ManyDone) -> str:
    """Another one when other monitors are meant, or others of them change."""
    meant = sorted(f"{one.public_id} {one.id in done.changed}" for one in done.monitors)
    return hashlib.sha256("\n".join(meant).encode()).hexdigest()[:32]


def in_words(selection: OverviewFilter, customer: str) -> Iterator[str]:
    """Which monitors a filter finds; nothing for all of them."""
    if selection.search:
        yield f"“{selection.search}” in name, host or customer"
    if selection.states:
        yield f"state {' or '.join(selection.states)}"
    if selection.country:
        yield f"checked from {country_name(selection.country)}"
    if selection.kind:
        yield f"protocol {label_of(selection.kind)}"
    if customer:
        yield f"customer {customer}"
    for label in selection.labels:
        yield f"label {label_text(label)}"


def _problems(error: DomainError) -> dict[str, str]:
    first = {one.field: one.field.partition(".")[0] for one in error.fields}
    return problems_of(error, _FIELDS, first)
