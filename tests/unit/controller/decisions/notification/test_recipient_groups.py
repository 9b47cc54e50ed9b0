"""Which channels hear of a monitor by the groups of recipients."""

from __future__ import annotations

import pytest

from controller.decisions.notification.recipient_groups import GroupOfMonitor, chosen_by_groups
from controller.decisions.notification.recipients import OwnerScope, RecipientChannel


def channel(number: int | None, scope: OwnerScope = OwnerScope.ORGANIZATION) -> RecipientChannel:
    return RecipientChannel(number, "email", scope, (f"{number}@example.com",))


ALL = [
    channel(1),
    channel(2, OwnerScope.CUSTOMER),
    channel(3),
    channel(4, OwnerScope.MONITOR),
    channel(None, OwnerScope.CUSTOMER),
]


def group(*channels: int, contains: bool = True, default: bool = False, errors: tuple[int, ...] = ()) -> GroupOfMonitor:
    return GroupOfMonitor(contains, default, frozenset(channels), frozenset(errors))


@pytest.mark.parametrize(
    ("groups", "hear"),
    [
        pytest.param([], [1, 2, 3, 4, None], id="without groups everybody hears"),
        pytest.param([group(1)], [1, 4, None], id="a monitor in a group tells only that group's recipients"),
        pytest.param([group(1), group(2)], [1, 2, 4, None], id="groups act independently: each tells its recipients"),
        pytest.param([group(1), group(1)], [1, 4, None], id="a recipient of two groups is told once"),
        pytest.param(
            [group(3, contains=False, default=True)], [3, 4, None], id="a monitor in no group goes to the default group"
        ),
        pytest.param(
            [group(1), group(3, contains=False, default=True)],
            [1, 4, None],
            id="the default group does not hear of a monitor in another group",
        ),
        pytest.param(
            [group(1), group(3, default=True)], [1, 3, 4, None], id="the default group hears of monitors that are in it"
        ),
        pytest.param(
            [group(1, errors=(1, 2))], [1, 4, None], id="a group hears of a failure that is of its error types"
        ),
        pytest.param([group(1, errors=(3,)), group(2)], [2, 4, None], id="and of no other; other groups do"),
        pytest.param(
            [group(1, errors=(3,)), group(3, contains=False, default=True)],
            [4, None],
            id="the default group does not stand in for a group that does not hear of the error",
        ),
        pytest.param(
            [group(3, contains=False, default=True, errors=(5,))], [4, None], id="nor does it hear of others itself"
        ),
        pytest.param([group()], [4, None], id="a group that lost its recipients tells the monitor's own channels only"),
    ],
)
def test_who_hears(groups: list[GroupOfMonitor], hear: list[int | None]) -> None:
    assert [one.id for one in chosen_by_groups(ALL, groups, {2})] == hear
