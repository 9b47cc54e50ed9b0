"""The Python files of the repository, as the tests of its rules read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRODUCT = ("controller", "agent", "shared", "deploy")


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file below these folders of the repository, as an absolute path."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """The path as a person names it: relative to the repository."""
    return path.relative_to(ROOT).as_posix()
