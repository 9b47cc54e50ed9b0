"""What the pages of the help show. Pure."""

from __future__ import annotations

import msgspec

from controller.help.failure_help import ByHand, FailureHelp, every_help, help_path
from shared.wire.explanations import PHASES, SOURCES, WARNINGS
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind

Parts = list[tuple[bool, str]]
"""A text in pieces: whether a piece is code, and the piece."""


class ServerHelp(msgspec.Struct, frozen=True):
    name: str
    text: Parts


class HelpView(msgspec.Struct, frozen=True, kw_only=True):
    """The page of one kind. `others` are the pages of all kinds: path and title."""

    kind: str
    meaning: Parts
    remedy: Parts
    by_hand: list[ByHand]
    servers: list[ServerHelp]
    others: list[tuple[str, str]]


class Explained(msgspec.Struct, frozen=True):
    """A word of results, with what it means; `path` leads to its page, if it has one."""

    word: str
    path: str
    meaning: Parts
    remedy: Parts


class HelpListView(msgspec.Struct, frozen=True, kw_only=True):
    failures: list[Explained]
    warnings: list[Explained]
    phases: list[Explained]
    sources: list[Explained]


def help_view(about: FailureHelp) -> HelpView:
    return HelpView(
        kind=about.kind.value,
        meaning=parts(about.meaning),
        remedy=parts(about.remedy),
        by_hand=about.by_hand,
        servers=[ServerHelp(name, parts(text)) for name, text in about.servers.items()],
        others=[(help_path(one.kind), one.title) for one in every_help() if one.kind is not FailureKind.UNKNOWN],
    )


def help_list_view() -> HelpListView:
    return HelpListView(
        failures=[
            Explained(one.kind.value, help_path(one.kind), parts(one.meaning), parts(one.remedy))
            for one in every_help()
        ],
        warnings=[
            Explained(kind.value, "", parts(about.meaning), parts(about.remedy))
            for kind, about in WARNINGS.items()
            if kind is not WarningKind.UNKNOWN
        ],
        phases=[_plain(phase.value, text) for phase, text in PHASES.items() if phase is not Phase.UNKNOWN],
        sources=[_plain(source.value, text) for source, text in SOURCES.items() if source is not FailureSource.UNKNOWN],
    )


def _plain(word: str, meaning: str) -> Explained:
    return Explained(word, "", parts(meaning), [])


def parts(text: str) -> Parts:
    """What stands between backquotes is code."""
    return [(number % 2 == 1, piece) for number, piece in enumerate(text.split("`")) if piece]
