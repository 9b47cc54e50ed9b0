"""The targets, and where the inputs that failed are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple

FOLDER = Path(__file__).parent
CASES = FOLDER / "cases"
GROUPS = ("replies", "certificates", "messages", "config")
"""The folders of targets."""


class FuzzTarget(NamedTuple):
    """`check` raises if a property does not hold for the given bytes."""

    name: str
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]


def names_of(group: str) -> list[str]:
    """The names of the targets in a group: `replies.smtp` …"""
    return [f"{group}.{module.name}" for module in iter_modules([str(FOLDER / group)])]


def target(name: str) -> FuzzTarget:
    module = import_module(f"tests.fuzz.{name}")
    return FuzzTarget(name, module.check, module.SEEDS)


def cases_of(name: str, folder: Path = CASES) -> list[Path]:
    """The inputs that failed once."""
    return sorted((folder / name).glob("*"))


def keep(name: str, data: bytes, folder: Path = CASES) -> Path:
    """Keep an input that failed, in a file of its own."""
    path = folder / name / sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
