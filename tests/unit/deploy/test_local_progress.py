"""What a person sees while everything starts, on a terminal and elsewhere, and at the end."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from deploy.local.progress import Progress
from deploy.local.welcome import Welcome


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(console: io.StringIO) -> list[str]:
    """The lines as a terminal shows them, with durations left out."""
    lines = []
    for line in console.getvalue().removesuffix("\n").split("\n") if console.getvalue() else ():
        overwritten = line.rpartition("\r")[2].replace("\033[K", "")
        lines.append(re.sub(r"\d+\.\d s", "T", overwritten))
    return lines


def test_on_a_terminal_a_step_stands_there_while_it_is_done() -> None:
    console = Terminal()
    progress = Progress(console, console, steps=2)
    with progress.step("one"):
        assert shown(console) == ["[1/2] one …"]
        progress.detail("3 to go")
        assert shown(console) == ["[1/2] one … 3 to go"]
    assert shown(console) == ["[1/2] one … T"]
    with progress.step("two"):
        print("a line of the log", file=progress.beside)
        print("another", file=progress.beside)
    assert shown(console) == ["[1/2] one … T", "[2/2] two …", "a line of the log", "another", "[2/2] two: T"]


def test_elsewhere_a_step_is_a_whole_line() -> None:
    console, log = io.StringIO(), io.StringIO()
    progress = Progress(console, log, steps=2)
    with progress.step("one"):
        progress.detail("3 to go")
        print("a line of the log", file=progress.beside)
        assert console.getvalue() == ""
    progress.say("done")
    assert shown(console) == ["[1/2] one: T", "done"]
    assert log.getvalue() == "a line of the log\n"
    assert not progress.beside.isatty()


def test_elsewhere_how_far_a_long_step_is_comes_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.progress._APART_SECONDS", 0.0)
    console = io.StringIO()
    progress = Progress(console, console, steps=1)
    with progress.step("one"):
        progress.detail("3 to go")
    assert shown(console) == ["[1/1] one: 3 to go", "[1/1] one: T"]


@pytest.mark.parametrize(("console", "left"), [(Terminal(), ["[1/1] one …"]), (io.StringIO(), [])])
def test_a_step_that_fails_leaves_a_line_of_its_own_for_the_reason(console: io.StringIO, left: list[str]) -> None:
    progress = Progress(console, console, steps=1)
    with pytest.raises(OSError, match="why"), progress.step("one"):
        raise OSError("why")
    assert shown(console) == left
    assert console.getvalue()[-1:] in {"", "\n"}


def welcome(folder: Path, *, token_works: bool, database: str = "") -> Welcome:
    return Welcome(
        seconds=1.0,
        data=folder,
        dashboard="https://mail.example.com",
        api="http://127.0.0.1:8080",
        locations=["de", "us"],
        token=folder / "token",
        token_works=token_works,
        password=folder / "password",
        first_email="admin@localhost",
        email="anna@example.com",
        login_link="https://mail.example.com/login#code=c",
        controller="/a folder/mailprobe-controller",
        database=database,
    )


def test_the_welcome_ends_with_the_addresses_to_open(tmp_path: Path) -> None:
    for name in ("token", "password"):
        (tmp_path / name).touch()
    said, _, ending = welcome(tmp_path, token_works=True).text().partition("\n\n")
    assert f"in {tmp_path / 'password'}, of admin@localhost" in said
    assert "tokens add" not in said
    assert ending.splitlines()[:2] == [
        "Open the dashboard: https://mail.example.com",
        "Open the dashboard, logged in: https://mail.example.com/login#code=c",
    ]


def test_a_lost_token_has_a_remedy_in_one_line_and_no_examples_that_fail(tmp_path: Path) -> None:
    text = welcome(tmp_path, token_works=False, database="MAILPROBE_DATABASE_URL='x y'").text()
    assert f"the one in {tmp_path / 'token'} is gone; make another in its place:" in text
    assert "curl" not in text
    [remedy] = [line for line in text.splitlines() if "tokens add" in line]
    setting, *command = shlex.split(remedy)
    assert setting == "MAILPROBE_DATABASE_URL=x y"
    words = ["tokens", "add", "--user", "anna@example.com", "--name", "first", "--file", str(tmp_path / "token")]
    assert command == ["/a folder/mailprobe-controller", *words]
    assert f"{tmp_path / 'password'} is gone; the link below logs you in without" in text
    (tmp_path / "token").touch()
    assert "was revoked or has expired" in welcome(tmp_path, token_works=False).text()
