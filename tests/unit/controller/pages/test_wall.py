"""The address of a wall, and what it says of what it found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.errors import InvalidError
from controller.model.overview import DisplayState
from controller.model.walls import WallQuery
from controller.operations.overview.overview import Troubles
from controller.operations.overview.wall import LETTERS, WallContent
from controller.pages.wall.address import read_wall_query, wall_path
from controller.pages.wall.view import MOST_PARTS, board_view

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FULL = (
    "/wall?customer=11111111-1111-4111-8111-111111111111&label=team:post&label=critical&state=down,up"
    "&by=label:team&columns=3"
)
NO_TROUBLES = Troubles(
    now=NOW,
    incidents=[],
    open_incidents=0,
    locations=[],
    notices=[],
    without_location=[],
    dead_letters=0,
    evaluations_late_seconds=0,
    canary_seconds=None,
    schedule_late_seconds=0,
    deliveries_late_seconds=0,
    customers=[],
)


def content(*counts: tuple[str | None, str, int]) -> WallContent:
    return WallContent(now=NOW, states="", counts=list(counts), worst=[], customers=1)


@pytest.mark.parametrize("path", ["/wall", FULL, "/wall?by=customer", "/wall?label=a%26b:c"])
def test_an_address_is_read_as_what_it_was_written_from(path: str) -> None:
    assert wall_path(read_wall_query(path.partition("?")[2])) == path


def test_what_a_form_sends_empty_is_not_given() -> None:
    assert read_wall_query("customer=&label=&state=&by=&columns=") == WallQuery()


@pytest.mark.parametrize("columns", ["0", "5", "-1", "x", "²", "999"])
def test_columns_have_bounds(columns: str) -> None:
    with pytest.raises(InvalidError, match="columns must be from 1 to 4"):
        read_wall_query(f"columns={columns}")


def test_every_state_has_a_letter_of_its_own() -> None:
    assert LETTERS.keys() == set(DisplayState)
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_parts_with_the_most_of_what_is_worst_come_first() -> None:
    found = content(("a", "up", 9), ("b", "partial", 7), ("c", "down", 1), ("d", "down", 2), (None, "up", 1))
    board = board_view(WallQuery(by="label:team"), found, NO_TROUBLES)
    assert [part.name for part in board.parts] == ["d", "c", "b", "a", "without it"]
    assert board.by == "By team"


def test_parts_that_do_not_go_on_a_wall_are_counted() -> None:
    found = content(*((f"{number:03}", "up", 1) for number in range(MOST_PARTS + 5)))
    board = board_view(WallQuery(by="customer"), found, NO_TROUBLES)
    assert (len(board.parts), board.more_parts) == (MOST_PARTS, "and 5 more, not worse than these")


def test_a_wall_is_calm_only_when_everything_is_known() -> None:
    assert board_view(WallQuery(), content((None, "up", 2)), NO_TROUBLES).calm == "Nothing is down."
    unknown = board_view(WallQuery(), content((None, "up", 2), (None, "unknown", 1)), NO_TROUBLES)
    assert unknown.calm == "Nothing is known to be down; 1 monitor cannot be judged."
    assert board_view(WallQuery(), content((None, "degraded", 1)), NO_TROUBLES).calm == ""
