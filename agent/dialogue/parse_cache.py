"""Reading what servers say again and again: the same lines come at each check, and from all servers of one make."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Said = TypeVar("Said", bytes, str, frozenset[str])
Read = TypeVar("Read")

_MOST = 256


def remembered(*, longest: int) -> Callable[[Callable[[Said], Read]], Callable[[Said], Read]]:
    """For pure functions of one argument: the answers to the last few hundred arguments are kept.

    Not those to arguments of more than `longest` items: a hostile server could fill the memory with them.
    """

    def remembering(read: Callable[[Said], Read]) -> Callable[[Said], Read]:
        known = lru_cache(maxsize=_MOST)(read)

        @wraps(read)
        def look(said: Said) -> Read:
            return known(said) if len(said) <= longest else read(said)

        return look

    return remembering
