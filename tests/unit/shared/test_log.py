"""The lines of the log: short for a person at a terminal, JSON for programs."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from shared.log import LogFormat, configure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def the_log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def line(stream: io.StringIO, log_format: LogFormat = "auto") -> str:
    configure("info", log_format, stream)
    structlog.get_logger().info("part_died", status=1)
    return stream.getvalue()


def test_a_person_reads_the_time_of_day_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for text in (line(Terminal()), line(io.StringIO(), "console")):
        assert re.fullmatch(r"\d\d:\d\d:\d\dZ \[info +\] part_died +status=1\n", text), text


def test_colours_are_for_those_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\033[" in line(Terminal())


def test_a_program_reads_json_with_the_date() -> None:
    read = json.loads(line(io.StringIO()))
    assert (read["event"], read["status"]) == ("part_died", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", read["timestamp"])
