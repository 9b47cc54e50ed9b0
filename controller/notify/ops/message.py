"""What every message to operators is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

MOST_NAMED = 20


class OpsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The title and paragraphs of a notice, and the path of the page about it."""

    title: str
    paragraphs: list[str]
    path: str = "/locations"


def named(codes: Collection[str]) -> str:
    """For example "Locations de, us"."""
    return f"Location{'s' if len(codes) > 1 else ''} {', '.join(sorted(codes)[:MOST_NAMED])}"


def path_of(codes: Collection[str]) -> str:
    """The page of the locations, at the one that a message is about."""
    return f"/locations#{next(iter(codes))}" if len(codes) == 1 else "/locations"


def first_lines(lines: Iterable[str]) -> list[str]:
    """The first lines, and the number of those left out."""
    every = list(lines)
    rest = len(every) - MOST_NAMED
    return every[:MOST_NAMED] + ([f"And {rest} more."] if rest > 0 else [])
