"""What the command lines of all programs have: the version of each, and completion in shells.

argparse has no public way to list a parser's options and commands, so this is the one module that looks inside parsers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

SHELLS = ("bash", "fish", "tcsh", "zsh")

Whole = Callable[[], argparse.ArgumentParser]
"""Makes a program's parser with all of its commands and their options."""


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add `--version` to a parser and to each of its commands that lacks it."""
    text = f"mailprobe {version('mailprobe')}"
    for each in _parsers(parser):
        with suppress(argparse.ArgumentError):  # it has one
            each.add_argument("--version", action="version", version=text, help="print the version and exit")


def add_completion(parser: argparse.ArgumentParser, whole: Whole | None = None) -> None:
    """Add `--print-completion SHELL`. `whole` makes the parser to complete by, if this one lacks commands' options."""
    parser.add_argument(
        "--print-completion",
        choices=SHELLS,
        metavar="SHELL",
        action=_PrintCompletion,
        whole=whole or (lambda: parser),
        help=f"print a script that completes this program's commands and options in {', '.join(SHELLS)}",
    )


class _PrintCompletion(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, *, whole: Whole, **options: Any) -> None:
        super().__init__(option_strings, dest, default=argparse.SUPPRESS, **options)
        self._whole = whole

    def __call__(self, parser: argparse.ArgumentParser, *given: Any) -> None:
        import shtab  # only here, because no other use of a program should wait for it

        whole = self._whole()
        for each in _parsers(whole):
            for action in _actions(each):
                if action.type is Path or action.metavar == "FILE":
                    action.complete = shtab.FILE  # type: ignore[attr-defined]
        print(shtab.complete(whole, shell=given[1]))  # noqa: T201
        parser.exit()


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands, each once."""
    yield parser
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - its `choices` are the commands
            for command in {id(each): each for each in action.choices.values()}.values():
                yield from _parsers(command)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return list(parser._actions)  # noqa: SLF001 - options and commands alike
