"""Passwords of people: the rules for new ones, and Argon2id in threads of its own, few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from controller.errors import InvalidError, LimitedError

SHORTEST = 8
LONGEST = 128

_AT_ONCE = 2
"""Each hash takes 64 MiB and tens of milliseconds of a core."""
_MOST = 64
_RETRY_AFTER_SECONDS = 5

T = TypeVar("T")


class Passwords:
    """Hashes and verifies without blocking the event loop: `at_once` run at a time, and at most `most` run or wait."""

    def __init__(self, *, at_once: int = _AT_ONCE, most: int = _MOST) -> None:
        self._hasher = PasswordHasher()
        self._free = asyncio.Semaphore(at_once)
        self._most = most
        self._under_way = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Raises LimitedError when too many requests wait already."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Returns False, after the same time, when there is no stored hash. Raises LimitedError."""
        return await self._in_turn(lambda: self._verify(stored, password))

    def _verify(self, stored: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody")
        try:
            return self._hasher.verify(stored or self._nobodys, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._under_way >= self._most:
            raise LimitedError("Too many logins at once; try again", _RETRY_AFTER_SECONDS)
        self._under_way += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._under_way -= 1


def check_password(password: str) -> None:
    """Check a new password against the rules. Raises InvalidError."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidError("password", f"must be {SHORTEST} to {LONGEST} characters long")
