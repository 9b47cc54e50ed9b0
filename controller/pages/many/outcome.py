"""What the page says after many monitors were changed: how many, what was done to them, and which they are. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from controller.model import Monitor
from controller.model.overview import DisplayState, OverviewFilter
from controller.operations.overview.query import label_text
from controller.pages.many.acts import ManyMonitorsForm
from controller.pages.shell.texts import counted

LISTED = 500
_STATES: Mapping[str, tuple[DisplayState, ...]] = {
    "disable": (DisplayState.DISABLED,),
    "enable": (),
    "begin-maintenance": (DisplayState.MAINTENANCE,),
    "end-maintenance": (),
}


class ChangedMonitor(msgspec.Struct, frozen=True):
    """`path` is empty for one that is deleted."""

    path: str
    name: str


class ManyOutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """`words` say what was done to how many. `changed` and `same` are the first LISTED of those that changed, and of
    those where nothing was to change, by name; the numbers are of all. `list` is the path of a list that has the
    changed ones in it, and `listed` how many it has; empty after monitors were deleted. `back` is the list of before.
    """

    words: str
    changed_number: int
    changed: list[ChangedMonitor]
    same_number: int
    same: list[ChangedMonitor]
    list: str
    listed: int
    back: str


def outcome_view(
    done: str,
    monitors: Collection[Monitor],
    changed: Collection[int],
    *,
    deleted: bool,
    found: tuple[str, int],
    back: str,
) -> ManyOutcomeView:
    """`monitors` are all that were meant, and `changed` the numbers of those that changed. `found` is the list where
    they are now, and how many it has.
    """
    path, listed = found
    ones = [one for one in monitors if one.id in changed]
    others = [one for one in monitors if one.id not in changed]
    return ManyOutcomeView(
        words=f"{counted(len(ones), 'monitor')} {done}",
        changed_number=len(ones),
        changed=_first(ones, linked=not deleted),
        same_number=len(others),
        same=_first(others, linked=True),
        list="" if deleted else path,
        listed=listed,
        back=back,
    )


def filter_after(meant: OverviewFilter, form: ManyMonitorsForm) -> OverviewFilter:
    """The filter that finds the monitors again after the change: one by what was changed may find them no more."""
    key, _, value = (part.strip() for part in form.label.partition(":"))
    changed = {"label": key, "unlabel": form.key.strip()}.get(form.act)
    labels = [one for one in meant.labels if one[0] != changed]
    if form.act == "label":
        labels.append((key, value))
    return msgspec.structs.replace(
        meant,
        states=_STATES.get(form.act, meant.states),
        country=None if form.act == "countries" else meant.country,
        labels=tuple(sorted(labels, key=label_text)),
        page=1,
    )


def _first(monitors: Collection[Monitor], *, linked: bool) -> list[ChangedMonitor]:
    ones = sorted(monitors, key=lambda one: one.name.lower())[:LISTED]
    return [ChangedMonitor(_path(one.public_id) if linked else "", one.name) for one in ones]


def _path(monitor: UUID) -> str:
    return f"/monitors/{monitor}"
