"""Which version of the time zone database Python uses here: the system's, or else that of the package tzdata."""

from __future__ import annotations

import zoneinfo
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def zone_data_version() -> str:
    """For example `2026b`; it changes when the rules of some zone may have changed."""
    for folder in map(Path, zoneinfo.TZPATH):
        if not (folder / "UTC").exists():
            continue
        for name in ("tzdata.zi", "+VERSION"):
            with suppress(OSError), (folder / name).open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        return str((folder / "Europe" / "Berlin").stat().st_mtime_ns)
    return version("tzdata")
