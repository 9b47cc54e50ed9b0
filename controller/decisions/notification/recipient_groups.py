"""Decides which channels hear of a monitor by the groups of recipients (docs/compatibility.md, A18). Pure.

Only the channels of a customer or the organization are in groups; a monitor's own channels and addresses always hear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from controller.decisions.notification.recipients import OwnerScope, RecipientChannel


class GroupOfMonitor(NamedTuple):
    """A group that contains the monitor, or is the organization's default group. `channels` are its recipients; they
    hear of failures with the statuses `error_types` (docs/compatibility.md, A9), and of all when there are none.
    """

    contains_monitor: bool
    is_default: bool
    channels: frozenset[int]
    error_types: frozenset[int] = frozenset()

    def hears(self, statuses: Collection[int]) -> bool:
        """Of a failure whose status is not known every group hears."""
        return not self.error_types or not statuses or not self.error_types.isdisjoint(statuses)


def chosen_by_groups(
    channels: Iterable[RecipientChannel], groups: Iterable[GroupOfMonitor], statuses: Collection[int]
) -> list[RecipientChannel]:
    """The channels that hear of a failure of the monitor. `groups` are all that contain it, and the default group if
    there is one; `statuses` are those of the failures that locations found.

    Without either everybody hears. A monitor in groups is told to the recipients of each of them and to nobody else,
    one in no group to those of the default group.
    """
    found = list(groups)
    deciding = [one for one in found if one.contains_monitor] or [one for one in found if one.is_default]
    if not deciding:
        return list(channels)
    named = frozenset[int]().union(*(one.channels for one in deciding if one.hears(statuses)))
    return [one for one in channels if one.id is None or one.scope is OwnerScope.MONITOR or one.id in named]
