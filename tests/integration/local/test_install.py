"""The installation that `make run` begins with: from a folder of wheels without network, and what it says."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from deploy.local import LocalError
from deploy.local.install import install
from deploy.local.progress import Progress

PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = """
import os, shutil

def build_editable(folder, config_settings=None, metadata_directory=None):
    shutil.copy(os.path.join(os.path.dirname(__file__), "checkout-1-py3-none-any.whl"), folder)
    return "checkout-1-py3-none-any.whl"
"""


def wheel(folder: Path, name: str) -> str:
    """A wheel of a package with one module; returns its hash."""
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"NAME = '{name}'\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of two packages, wheels of both, and a checkout; pip can reach no index."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    wheels, project = tmp_path / "wheels", tmp_path / "project"
    wheels.mkdir()
    project.mkdir()
    lock = "".join(f"{name}==1 \\\n    --hash=sha256:{wheel(wheels, name)}\n" for name in ("one", "two"))
    (tmp_path / "lock").write_text(lock)
    (project / "pyproject.toml").write_text(PROJECT + '[project]\nname = "checkout"\nversion = "1"\n')
    (project / "backend.py").write_text(BACKEND)
    wheel(project, "checkout")
    return tmp_path


def test_a_folder_of_wheels_is_enough_and_a_missing_one_is_named(tree: Path) -> None:
    console = io.StringIO()
    arguments = {"wheels": str(tree / "wheels"), "project": tree / "project"}
    install(tree / "venv", tree / "lock", Progress(console, console, steps=3), **arguments)  # type: ignore[arg-type]
    imported = subprocess.run(
        [tree / "venv/bin/python", "-c", "import one, two, checkout; print(one.NAME, two.NAME, checkout.NAME)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout == "one two checkout\n"
    lines = [line.rpartition(":")[0] for line in console.getvalue().splitlines()]
    assert list(dict.fromkeys(lines)) == [  # a slow step has more than one line
        f"[1/3] Python environment in {tree / 'venv'}",
        f"[2/3] 2 packages of lock from {tree / 'wheels'}",
        "[3/3] this checkout",
    ]

    (tree / "lock").write_text(f"three==1 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(LocalError, match="No matching distribution found for three==1"):
        install(tree / "venv", tree / "lock", Progress(console, console, steps=3), **arguments)  # type: ignore[arg-type]


def test_a_folder_that_is_not_there_is_named_before_anything_is_made(tree: Path) -> None:
    console = io.StringIO()
    with pytest.raises(LocalError, match="`make wheels` fills one"):
        install(
            tree / "venv",
            tree / "lock",
            Progress(console, console, steps=3),
            wheels=str(tree / "nowhere"),
            project=tree / "project",
        )
    assert not (tree / "venv").exists()
