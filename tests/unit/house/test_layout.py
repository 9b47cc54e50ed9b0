"""The source code keeps its shape: small folders, short modules, one class per name, packages with a docstring."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.unit.house.sources import PRODUCT, ROOT, name_of, python_files

MODULES_AT_MOST = 20
LINES_AT_MOST = 300
_DATA_FOLDERS = frozenset({"migrations", "fixtures", "golden"})


@pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
def test_no_folder_holds_too_many_modules(folder: str) -> None:
    modules = Counter(path.parent for path in python_files(folder) if path.name != "__init__.py")
    crowded = [
        f"{name_of(parent)} holds {count} modules, {MODULES_AT_MOST} at most are allowed"
        for parent, count in modules.items()
        if count > MODULES_AT_MOST and parent.name not in _DATA_FOLDERS
    ]
    assert not crowded, "\n" + "\n".join(crowded)


@pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
def test_no_module_is_too_long(folder: str) -> None:
    lines = {path: len(path.read_text().splitlines()) for path in python_files(folder)}
    long = [
        f"{name_of(path)} has {count} lines, {LINES_AT_MOST} at most are allowed"
        for path, count in lines.items()
        if count > LINES_AT_MOST
    ]
    assert not long, "\n" + "\n".join(long)


@pytest.mark.parametrize("folder", ["controller", "agent", "shared"])
def test_no_two_classes_have_one_name(folder: str) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in python_files(folder):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{name_of(path)}:{node.lineno}")
    twice = [f"{name} is the name of {' and '.join(where)}" for name, where in places.items() if len(where) > 1]
    assert not twice, "\n" + "\n".join(twice)


@pytest.mark.parametrize("folder", PRODUCT)
def test_every_package_says_what_it_is_for(folder: str) -> None:
    packages = {path.parent for path in python_files(folder)}
    silent = sorted(name_of(package) for package in packages if not _docstring(package / "__init__.py"))
    assert not silent, "no docstring in __init__.py of " + ", ".join(silent)


def _docstring(module: Path) -> str | None:
    return ast.get_docstring(ast.parse(module.read_text())) if module.exists() else None


def test_the_folders_are_found() -> None:
    """The other tests would pass if they read nothing."""
    assert all((ROOT / folder / "__init__.py").exists() for folder in PRODUCT)
