"""Installs the packages of `requirements.lock` and this checkout in an environment of its own, and says how far it is.

It runs before anything is installed, so it uses only the standard library: `python3 -m deploy.local.install .venv`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local import LocalError
from deploy.local.progress import Progress

_OLDEST = (3, 11)
_LOCK = Path("requirements.lock")
_PACKAGE = re.compile(r"^[A-Za-z0-9][\w.-]*==", re.MULTILINE)
_FOUND = ("Collecting ", "Requirement already satisfied: ")
_INSTALLING = "Installing collected packages: "
_LINES_SHOWN = 12
_PIP = ("-m", "pip", "install", "--disable-pip-version-check")
_AS_LOCKED = ("--only-binary", ":all:", "--no-binary", "nkeys", "--require-hashes")
"""Wheels only, so that nothing is compiled here; of nkeys there is no wheel, and it holds only Python."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="deploy.local.install", description="Install Mailprobe from this checkout.")
    parser.add_argument("environment", type=Path, metavar="FOLDER", help="where to install, such as .venv")
    parser.add_argument("--wheels", default="", metavar="FOLDER", help="install from here only, without network")
    given = parser.parse_args(arguments)
    progress = Progress(sys.stdout, sys.stderr, steps=3)
    try:
        install(given.environment, _LOCK, progress, wheels=given.wheels, project=Path())
    except LocalError as error:
        print(f"make: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    progress.say(f"Installed in {progress.seconds:.0f} s.")
    return 0


def install(environment: Path, lock: Path, progress: Progress, *, wheels: str, project: Path) -> None:
    """Raises LocalError with the end of what the failed program wrote."""
    if sys.version_info < _OLDEST:
        here = ".".join(map(str, sys.version_info[:2]))
        raise LocalError(f"Python 3.11 or newer is needed, and {sys.executable} is {here}: name another by PYTHON=")
    if wheels and not Path(wheels).is_dir():
        raise LocalError(f"{wheels} is no folder: `make wheels` fills one where there is a network")
    # An absolute path, because pip builds some packages in folders of its own.
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(Path(wheels).resolve())} if wheels else {}
    settings = os.environ | offline
    python = str(environment / "bin" / "python")
    packages = len(_PACKAGE.findall(lock.read_text()))
    with progress.step(f"Python environment in {environment}"):
        _make(environment, python, settings)
    with progress.step(f"{packages} packages of {lock.name}{f' from {wheels}' if wheels else ''}"):
        _run([python, *_PIP, *_AS_LOCKED, "-r", str(lock)], settings, _PipLines(progress, packages))
    with progress.step("this checkout"):
        _run([python, *_PIP, "--no-deps", "--no-build-isolation", "-e", str(project)], settings)


def _make(environment: Path, python: str, settings: Mapping[str, str]) -> None:
    """Debian has Python without pip for environments; then the pip of another Python has to install one."""
    try:
        _run([sys.executable, "-m", "venv", str(environment)], settings)
    except LocalError:
        _run([sys.executable, "-m", "venv", "--without-pip", str(environment)], settings)
        _run([sys.executable, "-m", "pip", "--python", python, *_PIP[2:], "pip"], settings)


class _PipLines:
    """Says how far pip is, from the lines that it writes."""

    def __init__(self, progress: Progress, packages: int) -> None:
        self._progress = progress
        self._packages = packages
        self._found = 0

    def read(self, text: str) -> None:
        if text.startswith(_FOUND):
            self._found += 1
            self._progress.detail(f"found {self._found}, {max(0, self._packages - self._found)} to go")
        elif text.startswith(_INSTALLING):
            self._progress.detail(f"installing {text.count(',') + 1}")


def _run(command: Sequence[str], settings: Mapping[str, str], lines: _PipLines | None = None) -> None:
    """Raises LocalError."""
    last: deque[str] = deque(maxlen=_LINES_SHOWN)
    try:
        with subprocess.Popen(
            command,
            env=dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                last.append(line.rstrip())
                if lines:
                    lines.read(line)
    except OSError as error:
        raise LocalError(f"{command[0]}: {error.strerror}") from None
    if process.returncode:
        name = " ".join(Path(word).name for word in command[:4])
        raise LocalError("\n".join([f"`{name} …` failed:", *last]))


if __name__ == "__main__":
    sys.exit(main())
