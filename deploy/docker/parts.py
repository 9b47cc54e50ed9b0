"""Splits requirements.lock into the part of each image: `python -m deploy.docker.parts` writes them beside this file.

Each image is installed only from its part, by hash, so it holds no package of another image or of the tests.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[2]
PARTS = {"agent": "agent", "controller": "controller", "build": None}
"""The extra of our project that each file is for. None stands for the build system of our own wheel."""

_IMAGE = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "python_version": "3.11"}
_LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==.*(?:\n    .*)*\n", re.MULTILINE)


def part(extra: str | None, lock: str) -> str:
    """The lines of a lock's text that an extra needs, or the build system if `extra` is None.

    Raises PackageNotFoundError when one of the packages is not installed, KeyError when the lock lacks it.
    """
    locked = {canonicalize_name(found["name"]): found.group() for found in _LINE.finditer(lock)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if extra is None:
        requirements = project["build-system"]["requires"]
    else:
        requirements = project["project"]["dependencies"] + project["project"]["optional-dependencies"][extra]
    return "".join(locked[name] for name in sorted(_closure([Requirement(each) for each in requirements], locked)))


def write() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for name, extra in PARTS.items():
        path(name).write_text(part(extra, lock))


def path(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.lock")


def _closure(requirements: list[Requirement], locked: dict[NormalizedName, str]) -> set[NormalizedName]:
    """The names of the required packages and, recursively, of all packages they need in an image."""
    names: set[NormalizedName] = set()
    visited: set[tuple[str, str]] = set()
    while requirements:
        requirement = requirements.pop()
        name = canonicalize_name(requirement.name)
        names.add(name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in visited:
                visited.add((name, extra))
                requirements += [each for each in _needs(name, extra) if canonicalize_name(each.name) in locked]
    return names


def _needs(name: str, extra: str) -> list[Requirement]:
    needed = [Requirement(text) for text in requires(name) or []]
    return [each for each in needed if each.marker is None or each.marker.evaluate(_IMAGE | {"extra": extra})]


if __name__ == "__main__":
    write()
