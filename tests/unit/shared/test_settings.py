from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated

import msgspec
import pytest

from shared.secret import Secret
from shared.settings import Port, Seconds, SettingsError, Text, load, variable


class Example(msgspec.Struct, frozen=True, kw_only=True):
    name: Text
    token: Secret
    port: Port = 25
    wait: Seconds = 1.5
    level: Annotated[str, msgspec.Meta(pattern="^(debug|info)$")] = "info"
    networks: tuple[IPv4Network, ...] = ()


def test_settings_are_read_by_their_names_and_given_words_win() -> None:
    environ = {
        "MAILPROBE_NAME": "a",
        "MAILPROBE_TOKEN": "hush",
        "MAILPROBE_PORT": "26",
        "MAILPROBE_NETWORKS": "10.0.0.0/8, 192.0.2.0/24",
    }
    settings = load(Example, environ, name="b")
    assert settings == Example(
        name="b",
        token=Secret("hush"),
        port=26,
        networks=(IPv4Network("10.0.0.0/8"), IPv4Network("192.0.2.0/24")),
    )


def test_empty_text_is_no_value() -> None:
    assert load(Example, {"MAILPROBE_NAME": "a", "MAILPROBE_TOKEN": "b", "MAILPROBE_PORT": ""}).port == 25


def test_all_problems_are_listed_at_once_by_name_and_without_values() -> None:
    environ = {"MAILPROBE_PORT": "70000", "MAILPROBE_WAIT": "soon", "MAILPROBE_NETWORKS": "10.0.0.1/8"}
    with pytest.raises(SettingsError) as raised:
        load(Example, environ)
    names = [problem.partition(" ")[0].rstrip(":") for problem in raised.value.problems]
    assert names == [
        "MAILPROBE_NAME", "MAILPROBE_TOKEN", "MAILPROBE_PORT", "MAILPROBE_WAIT", "MAILPROBE_NETWORKS",
    ]  # fmt: skip
    assert "70000" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        pytest.param("port", "70000", "must be a whole number, at most 65535", id="a number too high"),
        pytest.param("port", "0", "must be a whole number, at least 1", id="a number too low"),
        pytest.param("port", "smtp", "must be a whole number", id="a word for a number"),
        pytest.param("wait", "soon", "must be a number", id="a word for seconds"),
        pytest.param("wait", "-1", "must be a number, at least 0", id="seconds too low"),
        pytest.param("level", "loud", "must be text that matches ^(debug|info)$", id="another word"),
    ],
)
def test_a_problem_names_no_type_of_python(field: str, text: str, problem: str) -> None:
    environ = {"MAILPROBE_NAME": "a", "MAILPROBE_TOKEN": "b", variable(field): text}
    with pytest.raises(SettingsError) as raised:
        load(Example, environ)
    assert raised.value.problems == [f"{variable(field)}: {problem}"]
