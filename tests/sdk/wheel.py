"""The wheel `mailprobe-client`: a package that openapi-python-client writes, and its description."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tests.docs.openapi.reachable import objects_in, reachable

PACKAGE = "mailprobe_client"
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
"""What `make tools` installs."""

_REPOSITORY = Path(__file__).parents[2]
_OURS = "/api/v1/"
_STREAM = "text/event-stream"
_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "mailprobe-client"
version = "{version}"
description = "A typed client of Mailprobe's own API."
readme = "README.md"
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = ["attrs>=22.2", "httpx>=0.23,<0.29"]

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""
_README = """\
# mailprobe-client

A typed client of Mailprobe's own API, made from its OpenAPI document. Each operation is a module with the functions
`sync`, `sync_detailed`, `asyncio` and `asyncio_detailed`; docs/api.md of Mailprobe shows how a first monitor is made.
"""


def make_wheel(document: dict[str, Any], folder: Path) -> Path:
    """The wheel, in `folder`. Raises CalledProcessError where an operation or schema cannot be written as a client."""
    with tempfile.TemporaryDirectory() as made:
        source = Path(made)
        _generate(_ours(document), source)
        (source / "pyproject.toml").write_text(_PROJECT.format(version=_version(), package=PACKAGE))
        (source / "README.md").write_text(_README)
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.absolute())], source)
    return folder / f"{PACKAGE}-{_version()}-py3-none-any.whl"


def _ours(document: dict[str, Any]) -> dict[str, Any]:
    """The routes of our own API. A stream is no answer that ends, so a client has no function for it."""
    paths = {
        path: methods
        for path, methods in document["paths"].items()
        if path.startswith(_OURS) and _STREAM not in json.dumps(methods)
    }
    components = {**document["components"], "schemas": reachable(document, paths)}
    for schema in objects_in(components):
        # The generator knows no enumeration of truth values.
        if schema.get("enum") == [True] and "properties" not in schema:
            schema["type"] = "boolean"
            del schema["enum"]
    return {**document, "paths": paths, "components": components, "info": {**document["info"], "title": PACKAGE}}


def _generate(document: dict[str, Any], folder: Path) -> None:
    described, settings = folder / "openapi.json", folder / "settings.json"
    described.write_text(json.dumps(document))
    settings.write_text(json.dumps({"post_hooks": []}))
    _run(
        [
            *(str(GENERATOR), "generate", "--fail-on-warning", "--meta", "none"),
            *("--path", str(described), "--config", str(settings), "--output-path", str(folder / PACKAGE)),
        ],
        folder,
    )


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        done.check_returncode()


def _version() -> str:
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version
