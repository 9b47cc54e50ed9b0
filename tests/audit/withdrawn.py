"""Releases that were withdrawn from the package registry, as pip reports them. Nothing is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_YANKED = re.compile(
    r"yanked version: '(?P<package>[^']+)' candidate \(version (?P<version>\S+) .*\n"
    r"\s*Reason for being yanked: (?P<why>.*)"
)
_NO_WHEEL = "nkeys"
_SECONDS = 900.0


class Withdrawn(NamedTuple):
    package: str
    version: str
    why: str


def withdrawn(lock: Path) -> list[Withdrawn]:
    """The releases of a lock that were withdrawn, with the reason. Raises CalledProcessError when pip cannot tell."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-color", "--quiet"),
            *("--dry-run", "--ignore-installed", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--no-binary", _NO_WHEEL, "-r", str(lock)),
        ],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    return [Withdrawn(**found.groupdict()) for found in _YANKED.finditer(done.stderr)]
