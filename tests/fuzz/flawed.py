"""A target with a flaw: the fuzzers must find it."""

from __future__ import annotations

SEEDS = (b'{"name": "value"}', b"")


def check(data: bytes) -> None:
    if b"\\" in data:
        raise ValueError("a flaw")
