"""What a location means for the monitors that it may check: what they lose without it, and gain with it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from controller.decisions.schedule.rotation import left_blind, may_check
from controller.model import Location
from controller.model.locations import AlikeMonitors, MonitorTitle

MOST_NAMED = 20


class CountryLoss(msgspec.Struct, frozen=True, kw_only=True):
    """So many monitors are checked from this number of countries with the location, and from one less without it."""

    countries: int
    monitors: int


class LocationEffects(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the location enabled and not, all else as it is now.

    It may check `monitors`. Without it no location may check `unchecked` of them. The caller may see `visible` of
    these, of which the first MOST_NAMED are `named`. `losses` are those that lose its country, by the number of their
    countries.
    """

    monitors: int
    unchecked: int
    visible: int
    named: list[MonitorTitle]
    losses: list[CountryLoss]

    @property
    def unchanged(self) -> int:
        """How many keep all their countries, because another location checks them from there."""
        return self.monitors - self.unchecked - sum(loss.monitors for loss in self.losses)


def location_effects(groups: Iterable[AlikeMonitors], locations: Sequence[Location], here: Location) -> LocationEffects:
    """`locations` are all that were not removed; whether `here` is enabled among them makes no difference."""
    concerned = [group for group in groups if may_check(group, here)]
    others = [one for one in locations if one.enabled and one.id != here.id]
    unchecked = left_blind(concerned, others, replace(here, enabled=True))
    losses = Counter[int]()
    for group in concerned:
        countries = {one.country_code for one in others if may_check(group, one)}
        if countries and here.country_code not in countries:
            losses[len(countries) + 1] += group.monitors
    return LocationEffects(
        monitors=sum(group.monitors for group in concerned),
        unchecked=sum(group.monitors for group in unchecked),
        visible=sum(group.visible for group in unchecked),
        named=sorted(title for group in unchecked for title in group.titles)[:MOST_NAMED],
        losses=[CountryLoss(countries=countries, monitors=losses[countries]) for countries in sorted(losses)],
    )


def only_visible(groups: Iterable[AlikeMonitors]) -> list[AlikeMonitors]:
    """The same groups, counting only what the caller may see."""
    return [replace(group, monitors=group.visible) for group in groups if group.visible]
