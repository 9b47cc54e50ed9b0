"""A copy of the product's source with the toys: three modules are added for each, and nothing is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.system.product import REPOSITORY

HERE = Path(__file__).parent
TOYS = ("handoff", "zonewatch")


def source_with_toys(folder: Path) -> Path:
    copy = folder / "source"
    for package in ("shared", "agent", "controller", "deploy"):
        shutil.copytree(REPOSITORY / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for toy in TOYS:
        for module, place in {
            "target": f"shared/wire/targets/{toy}.py",
            "dialogue": f"agent/probes/{toy}/dialogue.py",
            "kind": f"controller/kinds/{toy}.py",
        }.items():
            _add((HERE / toy / module).with_suffix(".py"), copy / place)
        (copy / f"agent/probes/{toy}/__init__.py").write_text(f'"""The probe of {toy}."""\n')
    return copy


def _add(module: Path, place: Path) -> None:
    """Copy a module, which imports its target from where the product keeps it."""
    text = module.read_text()
    for toy in TOYS:
        text = text.replace(f"tests.system.toys.{toy}.target", f"shared.wire.targets.{toy}")
    assert "tests." not in text
    assert not place.exists()
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
