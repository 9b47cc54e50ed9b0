"""Runs Mailprobe's own programs to their end, and requests its API from outside."""

from __future__ import annotations

import asyncio
import json
import os
import sysconfig
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from signal import Signals
from typing import Any

from deploy.local import LocalError
from deploy.local.children import with_death_signal

_RUN_SECONDS = 120.0
_REQUEST_SECONDS = 2.0
_OWN = "MAILPROBE_"


def program(name: str) -> str:
    """The path of a program of this environment. Raises LocalError."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise LocalError(f"{path} is missing: install this checkout (`make run` does)")
    return str(path)


def environ(settings: Mapping[str, str], *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Our environment, overridden by these settings, whose names lack MAILPROBE_. `without` names settings to drop."""
    kept = {name: value for name, value in os.environ.items() if name not in {_OWN + each for each in without}}
    return kept | {"PYTHONUNBUFFERED": "1"} | {_OWN + name: value for name, value in settings.items()}


async def run(name: str, *arguments: str, settings: Mapping[str, str]) -> str:
    """Run a program to its end and return its output. Raises LocalError with its last error line when it fails."""
    process = await asyncio.create_subprocess_exec(
        *with_death_signal([program(name), *arguments], Signals.SIGKILL),
        env=environ(settings),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_RUN_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        raise LocalError(f"{name} {arguments[0]} did not end within {_RUN_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise LocalError(f"{name} {arguments[0]}: {lines[-1]}")
    return output.decode()


async def get_json(host: str, port: int, path: str, token: str | None = None) -> tuple[int, Any]:
    """The status and the JSON of a GET; status 0 without an answer within 2 s."""
    return await asyncio.to_thread(_ask, host, port, path, token)


def _ask(host: str, port: int, path: str, token: str | None) -> tuple[int, Any]:
    connection = HTTPConnection(host, port, timeout=_REQUEST_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (OSError, HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()
