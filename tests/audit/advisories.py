"""Known vulnerabilities in the format of OSV (https://ossf.github.io/osv-schema/), from a ZIP file or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


class Vulnerability(NamedTuple):
    package: str
    version: str
    name: str
    summary: str


class Advisories:
    """All advisories of a list. `newest` is when the latest of them changed, so how old the list is at most."""

    def __init__(self, source: Path) -> None:
        """Raises OSError, ValueError (no list, or an empty one)."""
        self._records = [record for record in _records(source) if "withdrawn" not in record]
        if not self._records:
            raise ValueError(f"{source} holds no advisories")
        self.newest = max(datetime.fromisoformat(record["modified"]) for record in self._records)

    def __len__(self) -> int:
        return len(self._records)

    def against(self, pins: Mapping[str, str]) -> list[Vulnerability]:
        """The advisories that affect one of these versions, by package."""
        found = {
            Vulnerability(name, pins[name], record["id"], record.get("summary", ""))
            for record in self._records
            for affected in record.get("affected", ())
            if (name := _package(affected)) in pins and _affects(affected, pins[name])
        }
        return sorted(found)


def _records(source: Path) -> Iterator[dict[str, Any]]:
    if source.is_dir():
        for file in sorted(source.rglob("*.json")):
            yield json.loads(file.read_bytes())
        return
    with ZipFile(source) as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                yield json.loads(archive.read(name))


def _package(affected: Mapping[str, Any]) -> str:
    package = affected.get("package", {})
    return canonicalize_name(package.get("name", "")) if package.get("ecosystem") == "PyPI" else ""


def _affects(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    ranges = (one["events"] for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM")
    return any(_within(events, Version(version)) for events in ranges)


def _within(events: list[dict[str, str]], version: Version) -> bool:
    """Whether the last event at or before this version says that it is affected."""
    inside = False
    for event in sorted(events, key=_moment):
        (kind, at), *_ = event.items()
        if kind == "introduced":
            inside = inside or version >= _version(at)
        elif kind == "fixed":
            inside = inside and version < _version(at)
        elif kind == "last_affected":
            inside = inside and version <= _version(at)
    return inside


def _moment(event: Mapping[str, str]) -> Version:
    return _version(next(iter(event.values())))


def _version(text: str) -> Version:
    """Versions that no release of today can have sort before all others."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")
