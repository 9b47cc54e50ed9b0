"""The address of the overview."""

from __future__ import annotations

import pytest

from controller.errors import InvalidError
from controller.model.overview import DisplayState, OverviewSort
from controller.operations.overview.query import read_query

FULL = "/?q=a+b&state=down,up&country=DE&kind=imap&customer=7&sort=name&page=3&organizationId=5"


@pytest.mark.parametrize("link", ["/", FULL, "/?state=down", "/?q=%26%3D%23"])
def test_a_link_is_read_as_what_it_was_written_from(link: str) -> None:
    query = read_query(link.partition("?")[2])
    assert query.link(page=query.filter.page) == link


def test_a_change_of_the_filter_leads_to_the_first_page() -> None:
    query = read_query("q=x&page=9")
    assert query.link(sort=OverviewSort.UPTIME) == "/?q=x&sort=uptime"
    assert query.link(states=(DisplayState.DOWN,)) == "/?q=x&state=down"


def test_what_a_form_sends_empty_is_not_given() -> None:
    assert read_query("q=&state=&country=&kind=&customer=&sort=&page=") == read_query("")


def test_states_are_kept_worst_first_and_once() -> None:
    states = read_query("state=up,down&state=down").filter.states
    assert states == (DisplayState.DOWN, DisplayState.UP)


def test_a_parameter_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidError, match="colour"):
        read_query("colour=red")
