"""The generated pages by file name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs import failures, metrics, settings

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings.page,
    "failures.md": failures.page,
    "metrics.md": metrics.page,
}


def path_of(name: str) -> Path:
    return Path(__file__).parents[2] / "docs" / name
