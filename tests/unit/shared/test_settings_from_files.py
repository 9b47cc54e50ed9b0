"""A setting may be read from a file, which is how systemd and containers pass secrets."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shared.secret import Secret
from shared.settings import Port, SettingsError, load


class Example(msgspec.Struct, frozen=True, kw_only=True):
    token: Secret
    port: Port = 25


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("hush\n")
    return path


def test_a_file_says_what_its_variable_would(file: Path) -> None:
    assert load(Example, {"MAILPROBE_TOKEN_FILE": str(file)}) == Example(token=Secret("hush"))


def test_the_command_line_wins_over_a_file(file: Path) -> None:
    assert load(Example, {"MAILPROBE_TOKEN_FILE": str(file)}, token="loud").token == Secret("loud")


def test_a_value_in_a_file_is_checked_as_any_other(file: Path) -> None:
    with pytest.raises(SettingsError, match="MAILPROBE_PORT") as raised:
        load(Example, {"MAILPROBE_TOKEN": "a", "MAILPROBE_PORT_FILE": str(file)})
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        pytest.param({"MAILPROBE_TOKEN": "a"}, "MAILPROBE_TOKEN: MAILPROBE_TOKEN_FILE is set too", id="said twice"),
        pytest.param({}, "MAILPROBE_TOKEN is required", id="an empty file is no value"),
    ],
)
def test_settings_given_twice_or_empty_are_named(file: Path, environ: dict[str, str], problem: str) -> None:
    if not environ:
        file.write_text(" \n")
    with pytest.raises(SettingsError) as raised:
        load(Example, environ | {"MAILPROBE_TOKEN_FILE": str(file)})
    assert raised.value.problems == [problem]


def test_a_missing_file_and_one_that_is_not_text_are_named(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    environ = {"MAILPROBE_TOKEN_FILE": str(file), "MAILPROBE_PORT_FILE": str(file.with_name("none"))}
    with pytest.raises(SettingsError) as raised:
        load(Example, environ)
    assert raised.value.problems == [
        "MAILPROBE_TOKEN_FILE: not text",
        "MAILPROBE_PORT_FILE: No such file or directory",
    ]
