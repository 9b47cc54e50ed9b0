"""A location's own network, told apart from the way to one server."""

from __future__ import annotations

import pytest

from controller.decisions.comparison.own_network import CheckedServer, is_own_network


def _server(number: int, *, stripped: bool = True, customer: int = 1, port: int = 25, host: str = "") -> CheckedServer:
    return CheckedServer(host or f"mail.example{number}.org", port, f"10.0.{number}.1", customer, stripped)


_CASES = {
    "one server proves nothing": ([_server(1)], False),
    "two unrelated servers": ([_server(1), _server(2)], True),
    "two of one domain": ([_server(1, host="a.example.org"), _server(2, host="b.example.org")], False),
    "two names of one address": ([_server(1), _server(1, host="mail.example.net")], False),
    "as many that are offered STARTTLS": (
        [_server(1), _server(2), _server(3, stripped=False), _server(4, stripped=False)],
        False,
    ),
    "others on another port": (
        [_server(1), _server(2), *(_server(number, stripped=False, port=587) for number in (3, 4, 5))],
        True,
    ),
    "two of one customer, while there are others": (
        [_server(1), _server(2), _server(3, stripped=False, customer=2)],
        False,
    ),
    "two of two customers": ([_server(1), _server(2, customer=2)], True),
}


@pytest.mark.parametrize(("servers", "own"), _CASES.values(), ids=_CASES)
def test_several_unrelated_servers_show_that_it_is_the_locations_own_network(
    servers: list[CheckedServer], own: bool
) -> None:
    assert is_own_network(servers) is own
