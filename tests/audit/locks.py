"""The lock files, and what they pin."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-tools.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def pinned(lock: Path) -> dict[str, str]:
    """The version of each package, by its normalized name."""
    return {canonicalize_name(name): version for name, version in _PIN.findall(lock.read_text())}
