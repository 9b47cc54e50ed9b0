"""Writes what the controller and the agent install, with versions, licences and dependencies, as CycloneDX JSON.

`python -m deploy.docker.sbom [FOLDER]` writes `controller.cdx.json` and `agent.cdx.json`. cyclonedx-bom reads the
packages from this environment; each file holds those of an image's lock, so no tool of the tests and no registry.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.docker.parts import ROOT, path

IMAGES = ("agent", "controller")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)
_KEPT = ("type", "bom-ref", "name", "version", "description", "licenses", "purl")


def installed() -> dict[str, Any]:
    """What cyclonedx-bom finds in this environment. Raises CalledProcessError, also when it is not installed."""
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "environment", sys.executable),
            *("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--no-validate"),
        ],
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of_image(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """The part of `found` that an image installs. Raises ValueError when another version is installed, or none."""
    locked = {canonicalize_name(package): version for package, version in _PIN.findall(path(name).read_text())}
    components = [each for each in found["components"] if canonicalize_name(each["name"]) in locked]
    versions = {canonicalize_name(each["name"]): each["version"] for each in components}
    if versions != locked:
        wrong = sorted(package for package, version in locked.items() if versions.get(package) != version)
        raise ValueError(f"not installed as in {name}.lock: {', '.join(wrong)}")
    refs = {each["bom-ref"]: canonicalize_name(each["name"]) for each in components}
    root = found["metadata"]["component"]
    required = _required_by(name)
    needs = [{"ref": root["bom-ref"], "dependsOn": sorted(ref for ref, package in refs.items() if package in required)}]
    for each in found["dependencies"]:
        if each["ref"] in refs:
            needed = [ref for ref in each.get("dependsOn", []) if ref in refs]
            needs.append({"ref": each["ref"], **({"dependsOn": needed} if needed else {})})
    return {
        **{key: found[key] for key in ("$schema", "bomFormat", "specVersion", "version")},
        "metadata": {"component": {**_kept(root), "name": f"mailprobe-{name}"}},
        "components": [_kept(each) for each in components],
        "dependencies": needs,
    }


def _required_by(name: str) -> set[str]:
    """The names of the packages that the project itself requires for this image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        canonicalize_name(Requirement(line).name)
        for line in project["dependencies"] + project["optional-dependencies"][name]
    }


def _kept(component: dict[str, Any]) -> dict[str, Any]:
    return {key: component[key] for key in _KEPT if key in component}


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "sbom")
    folder.mkdir(parents=True, exist_ok=True)
    found = installed()
    for name in IMAGES:
        file = folder / f"{name}.cdx.json"
        file.write_text(json.dumps(of_image(name, found), indent=2) + "\n")
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
