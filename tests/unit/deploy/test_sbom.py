"""The bill of materials: valid CycloneDX, of just what an image installs, and without any place it came from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from deploy.docker.parts import path
from deploy.docker.sbom import IMAGES, installed, of_image
from tests.conftest import requires


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    requires(find_spec("cyclonedx_py"), "cyclonedx-bom (make tools)")
    return installed()


@pytest.mark.parametrize("image", IMAGES)
def test_it_lists_just_what_an_image_installs(image: str, found: dict[str, Any]) -> None:
    made = of_image(image, found)
    names = re.findall(r"^([\w.-]+)==", path(image).read_text(), re.MULTILINE)
    assert sorted(canonicalize_name(each["name"]) for each in made["components"]) == sorted(names)
    unlicensed = {each["name"] for each in made["components"] if not each.get("licenses")}
    assert unlicensed <= {"rich-click"}, "its metadata names its licence only as a file"
    assert not re.search(r"https?:|file:|/simple", json.dumps({**made, "$schema": ""}))
    refs = {each["bom-ref"] for each in made["components"]}
    reached: set[str] = set()
    needs = {each["ref"]: each.get("dependsOn", []) for each in made["dependencies"]}
    waiting = [made["metadata"]["component"]["bom-ref"]]
    while waiting:
        new = set(needs[waiting.pop()]) - reached
        reached |= new
        waiting += new
    assert reached == refs, "each package is there because the project, or another package, requires it"


def test_another_version_than_the_locked_one_is_refused(found: dict[str, Any]) -> None:
    components = [{**each, "version": "0.1"} if each["name"] == "msgspec" else each for each in found["components"]]
    with pytest.raises(ValueError, match=r"not installed as in agent\.lock: msgspec"):
        of_image("agent", {**found, "components": components})


def test_the_command_writes_valid_files(found: dict[str, Any], tmp_path: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    done = subprocess.run(
        [sys.executable, "-m", "deploy.docker.sbom", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / f"{image}.cdx.json") for image in IMAGES]
    for image in IMAGES:
        text = (tmp_path / f"{image}.cdx.json").read_text()
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
