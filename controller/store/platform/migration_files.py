"""Migrations as they are on disk: numbered SQL files, each with the statements that apply it and those that take it
back.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent.parent / "migrations"

_MARK = "-- migrate: "
_FORM = "a sentence, `-- depends:`, `-- migrate: apply` and `-- migrate: rollback`"
_FILE = re.compile(
    r"-- [^\n]+\n-- depends:(?P<depends>[^\n]*)\n\n"
    r"-- migrate: apply\n(?P<apply>.+)\n-- migrate: rollback\n(?P<rollback>.+)",
    re.DOTALL,
)


class MigrationFileError(Exception):
    """A file is no migration, or depends on one that does not come before it; the message names it."""


class Migration(NamedTuple):
    """`apply` and `rollback` are statements, to be run in a transaction each."""

    name: str
    apply: str
    rollback: str


def names(directory: Path = DIRECTORY) -> list[str]:
    """Of all migrations, in the order in which they are applied."""
    return sorted(path.stem for path in directory.glob("*.sql"))


def read(directory: Path = DIRECTORY) -> list[Migration]:
    """All migrations, in the order in which they are applied. Raises MigrationFileError."""
    migrations: list[Migration] = []
    for name in names(directory):
        text = (directory / f"{name}.sql").read_text(encoding="utf-8")
        found = _FILE.fullmatch(text)
        if found is None or text.count(_MARK) != 2:
            raise MigrationFileError(f"{name}: it must have {_FORM}, in this order and once each")
        later = set(found["depends"].split()).difference(migration.name for migration in migrations)
        if later:
            raise MigrationFileError(f"{name}: it depends on {', '.join(sorted(later))}, which does not come before it")
        migrations.append(Migration(name, found["apply"], found["rollback"]))
    return migrations
