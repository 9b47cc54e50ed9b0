"""Files of migrations: what is in them, in which order they are applied, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.store.platform import migration_files
from controller.store.platform.migration_files import MigrationFileError

FIRST = "-- Why.\n-- depends:\n\n-- migrate: apply\n\nSELECT 1;\n\n-- migrate: rollback\n\nSELECT 2;\n"


def folder_of(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name}.sql").write_text(text)
    return tmp_path


def test_files_are_applied_in_the_order_of_their_names(tmp_path: Path) -> None:
    second = FIRST.replace("depends:", "depends: 0001_first").replace("SELECT 1", "SELECT 3")
    migrations = migration_files.read(folder_of(tmp_path, {"0002_second": second, "0001_first": FIRST}))
    assert [migration.name for migration in migrations] == ["0001_first", "0002_second"]
    assert [migration.apply.strip() for migration in migrations] == ["SELECT 1;", "SELECT 3;"]
    assert [migration.rollback.strip() for migration in migrations] == ["SELECT 2;", "SELECT 2;"]
    assert migration_files.names(tmp_path) == ["0001_first", "0002_second"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1;",
        FIRST.replace("-- Why.\n", ""),
        FIRST.replace("-- depends:\n", ""),
        FIRST.replace("-- migrate: apply", ""),
        FIRST.replace("-- migrate: rollback", ""),
        FIRST + "-- migrate: rollback\nSELECT 3;\n",
        FIRST.replace("SELECT 1;", "SELECT 1;\n-- migrate: apply\nSELECT 3;"),
    ],
)
def test_a_file_of_another_form_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(MigrationFileError, match=r"^0001_first: it must have"):
        migration_files.read(folder_of(tmp_path, {"0001_first": text}))


def test_a_file_that_depends_on_a_later_or_missing_one_is_refused(tmp_path: Path) -> None:
    files = {"0001_first": FIRST.replace("depends:", "depends: 0002_second"), "0002_second": FIRST}
    with pytest.raises(MigrationFileError, match=r"^0001_first: it depends on 0002_second, which does not come before"):
        migration_files.read(folder_of(tmp_path, files))


def test_the_product_s_migrations_have_numbers_of_their_own() -> None:
    numbers = [migration.name.split("_")[0] for migration in migration_files.read()]
    assert numbers == sorted(set(numbers))
    assert all(len(number) == 4 and number.isdecimal() for number in numbers)
