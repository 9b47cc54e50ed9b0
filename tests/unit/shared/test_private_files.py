from __future__ import annotations

import stat
from pathlib import Path

import pytest

from shared.private_files import replacing_private, write_private


def test_a_file_is_for_its_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_left_beside_what_cannot_be_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        write_private(folder, "secret")
    assert list(tmp_path.iterdir()) == [folder]


def fail_over(file: Path) -> None:
    assert file.read_text() == "new"
    raise LookupError


@pytest.mark.parametrize("before", ["old", None])
def test_when_the_block_fails_what_was_there_comes_back(tmp_path: Path, before: str | None) -> None:
    file = tmp_path / "file"
    if before is not None:
        file.write_text(before)
    with pytest.raises(LookupError), replacing_private(file, "new"):
        fail_over(file)
    assert [left.read_text() for left in tmp_path.iterdir()] == ([] if before is None else [before])
