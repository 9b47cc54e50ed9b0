"""docs/architecture.md names modules and folders that exist, and every folder of the product."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
NAMED = set(re.findall(r"`((?:agent|controller|shared|deploy|tests)/[\w./-]*)`", PAGE))


def test_every_module_and_folder_it_names_exists() -> None:
    assert len(NAMED) > 60
    assert [name for name in sorted(NAMED) if not (REPOSITORY / name).exists()] == []


def test_the_path_goes_through_every_stage_in_order() -> None:
    path = PAGE.partition("## The path of a check")[2].partition("\n## ")[0]
    stages = re.findall(r"^\*\*(\w+)\.\*\*", path, re.MULTILINE)
    assert stages == ["Schedule", "Dispatch", "Agent", "Ingest", "Evaluate", "Compare", "Incident", "Notify", "Show"]
    for stage in re.split(r"^\*\*\w+\.\*\*", path, flags=re.MULTILINE)[1:]:
        assert re.search(r"^- `", stage, re.MULTILINE)


def test_every_folder_with_modules_is_named_or_inside_one_that_is() -> None:
    folders = {
        path.parent.relative_to(REPOSITORY)
        for part in ("agent", "controller", "shared")
        for path in (REPOSITORY / part).rglob("*.py")
        if path.name != "__init__.py"
    }
    named = {name.rstrip("/") for name in NAMED if name.endswith("/")}
    tops = {Path("agent"), Path("controller"), Path("shared")}
    lost = [
        str(folder)
        for folder in sorted(folders - tops)
        if not any(str(folder) == name or str(folder).startswith(f"{name}/") for name in named)
    ]
    assert lost == [], "docs/architecture.md does not say what lives there"
