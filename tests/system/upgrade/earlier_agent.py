"""An agent of an earlier version: its wheel is built from a commit, and it runs with the packages installed here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import requires
from tests.system.product import REPOSITORY, environ

COMMIT = "e08a841578aeb6bada6beedd5899259a124b2ead"
"""The last one before logins had names and results a detail."""

_STOP_SECONDS = 60.0


def install(folder: Path) -> Path:
    """Build the wheel of COMMIT and unpack it; return where. It needs neither network nor a second environment."""
    if _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        pytest.skip(f"a shallow clone does not have commit {COMMIT[:7]}")  # nothing that could be installed
    known = _git("cat-file", "-e", f"{COMMIT}^{{commit}}")
    requires(known.returncode == 0, f"commit {COMMIT[:7]} of this repository")
    source, wheels, installed = folder / "source", folder / "wheels", folder / "installed"
    source.mkdir(parents=True)
    archive = _git("archive", "--format=tar", COMMIT)
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    offline = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    _pip("wheel", *offline, "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
    [wheel] = wheels.glob("mailprobe-*.whl")
    _pip("install", *offline, "--target", str(installed), str(wheel))
    return installed


def runs(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the packages `agent` and `shared` are the earlier ones."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=installed,
        env=_environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(installed: Path, enrolment: Path, folder: Path, name: str) -> Iterator[Path]:
    """A running agent of that version, which may reach this machine; yields its log. It is stopped in order."""
    folder.mkdir()
    log = folder / f"{name}.log"
    settings = {"AGENT_NAME": name, "ALLOW_NETWORKS": "127.0.0.0/8", "PROCESSES": "1", "PORT25_HOSTS": "none"}
    settings |= {"CONTROL_NAME": "localhost", "STATE_FOLDER": str(folder / "state"), "LOG_FORMAT": "json"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--enrolment", str(enrolment)],
            cwd=folder,
            env=_environment(installed) | {f"MAILPROBE_{key}": value for key, value in settings.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield log
        assert process.poll() is None, log.read_text()[-3000:]
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(installed: Path) -> dict[str, str]:
    return environ() | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    # The clone may belong to somebody else.
    command = ["git", "-c", "safe.directory=*", "-C", str(REPOSITORY), *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
