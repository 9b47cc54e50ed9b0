"""A password, token or key in memory, which no log, error or message can show by accident."""

from __future__ import annotations


class Secret:
    """A secret in memory. Neither printing nor encoding shows it; only `reveal()` returns its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(********)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
