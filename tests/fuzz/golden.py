"""The golden messages of the wire format, as seeds: compact, as they are sent."""

from __future__ import annotations

from pathlib import Path

import msgspec

_GOLDEN = Path(__file__).parents[1] / "unit" / "shared" / "golden"

NESTED = b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
"""Nested deeper than any reader follows."""


def golden(kind: str) -> tuple[bytes, ...]:
    """The golden messages of one kind, and a few that nobody sends."""
    files = sorted(_GOLDEN.glob(f"{kind}*.json"))
    assert files, kind
    found = [msgspec.json.encode(msgspec.json.decode(file.read_bytes())) for file in files]
    return (*found, *(message.replace(b"{", NESTED[:-1] + b",", 1) for message in found[:1]), NESTED, b'"\\ud800"', b"")
