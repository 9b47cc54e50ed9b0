"""deploy/docker: the Dockerfiles pass the linter, copy what exists, and pin only the packages of their part."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.docker import parts
from tests.integration.deploy.centre import DEPLOY

ROOT = DEPLOY.parent
DOCKERFILES = sorted((DEPLOY / "docker").glob("*.Dockerfile"))
_IGNORE = (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_hadolint_has_nothing_to_say(dockerfile: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([hadolint, dockerfile], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout
    assert not ran.stdout


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_everything_copied_exists_and_nothing_else_reaches_the_build(dockerfile: Path) -> None:
    copied = _copied(dockerfile)
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
    assert _IGNORE[1] == "*"
    let_in = {line.removeprefix("!") for line in _IGNORE if line.startswith("!")}
    for source in copied:
        folder = str(Path(source).parent)
        assert {source, f"{folder}/*{Path(source).suffix}"} & let_in, f"{source} is kept out by .dockerignore"
    assert not any(re.search(r"compose|secret|test|\.git|env|bench", line) for line in let_in)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
def test_the_image_is_nobodys_names_no_registry_and_stops_as_the_program_does(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    last = text[text.rindex("\nFROM ") :]
    assert "\nUSER 10001:10001\n" in last
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert "\nHEALTHCHECK " in last
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.fullmatch(r"[a-z]+:\S+", image), image


@pytest.mark.parametrize("name", list(parts.PARTS))
def test_the_packages_of_an_image_are_those_its_part_needs(name: str) -> None:
    """When this fails, run `python -m deploy.docker.parts`, as `make lock` does."""
    assert parts.path(name).read_text() == parts.part(parts.PARTS[name], (ROOT / "requirements.lock").read_text())


def test_the_agent_has_no_package_of_the_controller() -> None:
    agent = _names("agent")
    assert not agent & {"litestar", "uvicorn", "asyncpg", "httpx", "apprise", "argon2-cffi", "jinja2", "aiosmtplib"}
    assert agent - _names("controller") == set()
    assert len(agent) < 20


def _names(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", parts.path(name).read_text(), re.MULTILINE))


def _copied(dockerfile: Path) -> list[str]:
    """What the COPY lines take from the build context."""
    words = [shlex.split(line)[1:] for line in dockerfile.read_text().splitlines() if line.startswith("COPY ")]
    return [source for each in words if not each[0].startswith("--from") for source in each[:-1]]
