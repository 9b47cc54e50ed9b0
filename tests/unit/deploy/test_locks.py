"""The lock files agree with pyproject.toml and with each other, and name no place that packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[3]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
LOCKS = {
    "requirements.lock": ["agent", "controller", "embedded", "dev"],
    "requirements-tools.lock": ["tools"],
}


def locked(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^ ]+)", (REPOSITORY / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_the_project_requires(name: str) -> None:
    pins = locked(name)
    required = PROJECT["dependencies"] + [
        line for extra in LOCKS[name] for line in PROJECT["optional-dependencies"][extra]
    ]
    for requirement in map(Requirement, required):
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{name} lacks {requirement}: run `make lock`"
        assert requirement.specifier.contains(version), f"{name} has {requirement.name} {version}, not {requirement}"


def test_every_extra_is_in_a_lock() -> None:
    assert sorted(PROJECT["optional-dependencies"]) == sorted(extra for extras in LOCKS.values() for extra in extras)


def test_a_package_has_one_version_in_both_locks() -> None:
    """Installing the second would change the first."""
    first, second = (locked(name) for name in LOCKS)
    assert {name: second[name] for name in first.keys() & second.keys() if first[name] != second[name]} == {}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_place(name: str) -> None:
    assert not re.search(r"https?:|file:|index-url|find-links", (REPOSITORY / name).read_text())
