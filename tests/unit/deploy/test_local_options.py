"""Which options mailprobe-local accepts on its command line, and how it refuses others."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import LocalError
from deploy.local.options import parse


def test_what_make_run_gives_by_default() -> None:
    options = parse(["--countries", "DE US", "--port", "8080", "--data", "var", "--allow-networks", ""])
    assert options.countries == ("DE", "US")
    assert options.port == 8080
    assert options.data == Path.cwd() / "var"
    assert options.allow_networks == ()
    assert parse([]) == options


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        pytest.param("de", ("DE",), id="small letters"),
        pytest.param("DE, us  FR", ("DE", "US", "FR"), id="commas and spaces"),
        pytest.param("US DE us", ("US", "DE"), id="a country named twice, in the order given"),
    ],
)
def test_countries(text: str, countries: tuple[str, ...]) -> None:
    assert parse(["--countries", text]).countries == countries


def test_networks_may_be_many_and_of_both_families() -> None:
    assert parse(["--allow-networks", "127.0.0.0/8,::1/128 10.0.0.1"]).allow_networks == (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.1",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--countries", "DEU"], "DEU", id="three letters"),
        pytest.param(["--countries", "DE UK ZZ"], "UK, ZZ", id="all codes that are no country's, together"),
        pytest.param(["--countries", ""], "at least one", id="none"),
        pytest.param(["--port", "http"], "'http'", id="a word for a port"),
        pytest.param(["--port", "0"], "'0'", id="port 0"),
        pytest.param(["--port", "٨٠"], "'٨٠'", id="digits of another script"),
        pytest.param(["--allow-networks", "127.0.0.0/33"], "127.0.0.0/33", id="a prefix that is too long"),
    ],
)
def test_what_cannot_be_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(LocalError, match=message):
        parse(arguments)
