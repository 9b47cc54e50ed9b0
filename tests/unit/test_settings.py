from __future__ import annotations

import re
from ipaddress import IPv4Network
from pathlib import Path

import msgspec
import pytest

import agent.settings
from controller.settings import ControllerSettings
from shared.settings import Port, Seconds, SettingsError, Text, load, variable
from shared.wire.targets import Secret


class Example(msgspec.Struct, frozen=True, kw_only=True):
    name: Text
    token: Secret
    port: Port = 25
    wait: Seconds = 1.5
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


def test_all_problems_are_told_at_once_by_name_and_without_values() -> None:
    environ = {"MAILPROBE_PORT": "70000", "MAILPROBE_WAIT": "soon", "MAILPROBE_NETWORKS": "10.0.0.1/8"}
    with pytest.raises(SettingsError) as raised:
        load(Example, environ)
    names = [problem.partition(" ")[0].rstrip(":") for problem in raised.value.problems]
    assert names == [
        "MAILPROBE_NAME", "MAILPROBE_TOKEN", "MAILPROBE_PORT", "MAILPROBE_WAIT", "MAILPROBE_NETWORKS",
    ]  # fmt: skip
    assert "70000" not in str(raised.value)


def test_the_readme_lists_every_setting_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text()
    section = page.partition("## Settings")[2].partition("\n## ")[0]
    listed = {
        name for row in re.findall(r"^\|([^|]*)\|", section, re.MULTILINE) for name in re.findall(r"MAILPROBE_\w+", row)
    }
    fields = {
        field.name
        for kind in (ControllerSettings, agent.settings.Settings, agent.settings._Given)
        for field in msgspec.structs.fields(kind)
    }
    assert listed == {variable(name) for name in fields}
