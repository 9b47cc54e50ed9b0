"""The breaches of rules that one change is refused for, together or the first alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import InvalidError, InvalidFieldsError


class Breaches:
    """Collects what the rules within `noted()` refuse."""

    def __init__(self) -> None:
        self._found: list[InvalidError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """The block ends with its first breach, and what comes behind the block is checked all the same."""
        try:
            yield
        except InvalidError as error:
            self._found += error.fields

    def refuse(self, *, every: bool) -> None:
        """Raises InvalidFieldsError for `every` breach, or InvalidError for the first, if there are any."""
        if self._found:
            raise InvalidFieldsError(self._found) if every else self._found[0]
