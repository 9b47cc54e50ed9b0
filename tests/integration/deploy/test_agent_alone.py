"""An agent that is installed alone needs only the packages of its own extra."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from deploy.docker import parts
from tests.conftest import requires
from tests.system.product import environ

_ALONE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
{command}
"""
_EVERY_MODULE = """
import importlib, pkgutil, agent, shared
for package in (agent, shared):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
"""


def _locked(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", parts.path(name).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param("from agent.__main__ import main; main(['run', '--help'])", 0, id="run --help"),
        pytest.param("from agent.__main__ import main; main(['doctor', '--help'])", 0, id="doctor --help"),
        pytest.param("from agent.__main__ import main; sys.exit(main(['check', 'smtp://127.0.0.1:1']))", 2, id="check"),
        pytest.param(_EVERY_MODULE, 0, id="every module of agent and shared"),
        pytest.param("import litestar", 1, id="the controller's framework is absent here"),
    ],
)
def test_it_runs_where_no_package_but_those_of_its_extra_is_installed(command: str, status: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _ALONE.format(absent=sorted(_absent()), command=command)],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == status, ran.stderr
    assert ("ModuleNotFoundError" in ran.stderr) is (status == 1)


def _absent() -> set[str]:
    """The modules that are installed here but not with an agent alone, and our own packages that an agent lacks."""
    brought = _locked("agent") | {"pip", "setuptools"}
    installed = packages_distributions()
    absent = {
        name for name, owners in installed.items() if not {each.lower().replace("_", "-") for each in owners} & brought
    }
    return absent - {"agent", "shared"} | {"controller", "deploy", "tests"}


def test_installed_as_its_image_does_it_runs_and_brings_nothing_else(tmp_path: Path) -> None:
    """Runs the commands of agent.Dockerfile on a copy of the files that it copies."""
    requires(_registry_answers(tmp_path), "a package registry")
    source, wheels, venv = tmp_path / "source", tmp_path / "wheels", tmp_path / "venv"
    dockerfile = (parts.ROOT / "deploy" / "docker" / "agent.Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE):
        *copied, target = line.split()
        for name in copied:
            _copy(parts.ROOT / name, source / (target if not target.endswith("/") else f"{target}{Path(name).name}"))
    for step in re.findall(r"^RUN ((?:.*\\\n)*.*)$", dockerfile, re.MULTILINE):
        script = step.replace("/opt/mailprobe", str(venv)).replace("/wheels", str(wheels))
        script = script.replace("python -m venv", f"{sys.executable} -m venv")
        script = re.sub(r"(&& |^)python -m pip", rf"\1{tmp_path}/build/bin/python -m pip", script)
        _run(sys.executable, "-m", "venv", tmp_path / "build")
        _run("bash", "-euc", script, cwd=source)
    listed = _run(sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "list", "--format", "json")
    assert {each["name"].lower().replace("_", "-") for each in json.loads(listed)} == _locked("agent") | {"mailprobe"}
    assert "run" in _run(venv / "bin" / "mailprobe-agent", "--help")
    down = subprocess.run(
        [venv / "bin" / "mailprobe-agent", "check", "smtp://127.0.0.1:1", "--json"],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert json.loads(down.stdout)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, cwd=cwd, env=environ(), capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout


def _registry_answers(folder: Path) -> bool:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder / "try"), "idna"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
