"""A cache for parsed server lines: the same lines come at each check, and from all servers of the same software."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

Input = TypeVar("Input", bytes, str, frozenset[str])
Parsed = TypeVar("Parsed")

_MOST = 256


def parse_cached(*, longest: int) -> Callable[[Callable[[Input], Parsed]], Callable[[Input], Parsed]]:
    """Cache a pure function of one argument: its results for the last few hundred arguments are kept.

    Results for arguments longer than `longest` are not kept: a hostile server could fill the memory with them.
    """

    def decorate(read: Callable[[Input], Parsed]) -> Callable[[Input], Parsed]:
        cached_read = lru_cache(maxsize=_MOST)(read)

        @wraps(read)
        def cached(value: Input) -> Parsed:
            return cached_read(value) if len(value) <= longest else read(value)

        return cached

    return decorate
