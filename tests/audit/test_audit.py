"""The audit finds a withdrawn release, and each way in which OSV says which versions are vulnerable."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.audit.advisories import Advisories
from tests.audit.locks import LOCKS, pinned
from tests.audit.withdrawn import Withdrawn, withdrawn
from tests.conftest import requires

MODIFIED = "2026-11-01T00:00:00Z"


def advisory(
    name: str = "Some.Package", *, versions: list[str] | None = None, events: Any = (), ecosystem: str = "PyPI"
) -> dict[str, Any]:
    affected = {
        "package": {"name": name, "ecosystem": ecosystem},
        "versions": versions or [],
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "PYSEC-1", "modified": MODIFIED, "summary": "a hole", "affected": [affected]}


def listed(tmp_path: Path, *records: dict[str, Any]) -> Advisories:
    path = tmp_path / "all.zip"
    with ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", json.dumps(record))
    return Advisories(path)


@pytest.mark.parametrize(
    ("record", "affected"),
    [
        pytest.param(advisory(versions=["1.2"]), True, id="the version is listed"),
        pytest.param(advisory(versions=["1.3"]), False, id="another version is listed"),
        pytest.param(advisory(events=[{"introduced": "0"}]), True, id="every version"),
        pytest.param(advisory(events=[{"introduced": "0"}, {"fixed": "1.2"}]), False, id="mended in this version"),
        pytest.param(advisory(events=[{"introduced": "0"}, {"fixed": "1.10"}]), True, id="mended later"),
        pytest.param(advisory(events=[{"introduced": "1.3"}]), False, id="introduced later"),
        pytest.param(advisory(events=[{"introduced": "0"}, {"last_affected": "1.2"}]), True, id="the last one"),
        pytest.param(
            advisory(events=[{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.1"}]), True, id="once more"
        ),
        pytest.param(advisory("other", versions=["1.2"]), False, id="another package"),
        pytest.param(advisory(versions=["1.2"], ecosystem="npm"), False, id="of another registry"),
        pytest.param({**advisory(versions=["1.2"]), "withdrawn": MODIFIED}, False, id="an advisory taken back"),
    ],
)
def test_which_versions_an_advisory_is_about(record: dict[str, Any], affected: bool, tmp_path: Path) -> None:
    known = listed(tmp_path, record, advisory("unrelated"))
    assert [one.name for one in known.against({"some-package": "1.2"})] == ["PYSEC-1"] * affected
    assert known.newest == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_list_without_advisories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no advisories"):
        listed(tmp_path)


def test_every_package_of_the_locks_is_read() -> None:
    for lock in LOCKS:
        assert len(pinned(lock)) == sum("==" in line for line in lock.read_text().splitlines() if line[:1] != " ")


def test_a_withdrawn_release_is_found(tmp_path: Path) -> None:
    """A real one: the registry has withdrawn it because of a vulnerability."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("requests==2.32.0 --hash=sha256:f2c3881dddb70d056c5bd7600a4fae312b2a300e39be6a118d30b90bd27262b5\n")
    try:
        found = withdrawn(lock)
    except subprocess.CalledProcessError as error:
        requires("hash" in error.stderr.lower(), "the package registry")
        raise
    assert [one[:2] for one in found] == [("requests", "2.32.0")]
    assert "CVE-2024-35195" in found[0].why
    assert isinstance(found[0], Withdrawn)
