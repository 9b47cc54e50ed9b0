"""Mailprobe as users run it: what `make run` starts, used through local.json, the API and signals."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.fakes.ports import free_port
from tests.system.processes import Process, family, still_there

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 240.0
"""For what a machine that is many times slower than ours does in the end, too: who waits longer learns no more."""
STOP_SECONDS = 60.0
_ANSWER_SECONDS = 30.0

T = TypeVar("T")


def eventually(condition: Callable[[], T | None], what: str, seconds: float = START_SECONDS) -> T:
    """What `condition` returns as soon as it is true; an assertion fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return value


class Product:
    """One instance on a data folder, which may be started repeatedly."""

    def __init__(self, data: Path, *, countries: str = "DE US", allow_networks: str = "127.0.0.0/8") -> None:
        self.data = data
        self.port = free_port()
        self.countries = countries
        self.allow_networks = allow_networks
        self.settings: dict[str, str] = {}
        self.console = data.with_name(data.name + ".console")
        self.process: subprocess.Popen[bytes] | None = None
        self.client: httpx.Client | None = None

    @property
    def command(self) -> list[str]:
        words = {"--countries": self.countries, "--port": str(self.port), "--data": str(self.data)}
        words["--allow-networks"] = self.allow_networks
        program = str(Path(sys.executable).with_name("mailprobe-local"))
        # It ends with the tests, however these end.
        return [program, *(word for pair in words.items() for word in pair), "--stop-with-parent"]

    def begin(self, around: Iterable[str] = ()) -> subprocess.Popen[bytes]:
        """Start the program, optionally under another one, in its own process group as a terminal would."""
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                [*around, *self.command],
                cwd=REPOSITORY,
                env=environ() | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        return self.process

    def start(self, around: Iterable[str] = ()) -> None:
        """Start, and return when it is ready."""
        process = self.begin(around)
        try:
            eventually(lambda: self._ready(process), "the product is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()[-3000:]}") from None
        record = self.record
        self.client = httpx.Client(
            base_url=record["apiUrl"],
            headers={"Authorization": f"Bearer {record['token']}"},
            timeout=_ANSWER_SECONDS,
            trust_env=False,
        )
        assert self.client.get("/readyz").status_code == 200

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, f"it ended with {process.poll()}"
        try:
            named = set(self.record["pids"].values())
        except FileNotFoundError:
            return False
        return named <= {each.pid for each in family(process.pid)}  # and is not left by a killed instance

    @property
    def record(self) -> dict[str, Any]:
        """local.json."""
        return dict(json.loads((self.data / "local.json").read_text()))

    @property
    def api(self) -> httpx.Client:
        assert self.client, "not started"
        return self.client

    @contextmanager
    def through(self, address: str) -> Iterator[Product]:
        """The same product, with the API of another controller."""
        there = copy(self)
        with httpx.Client(
            base_url=address, headers=self.api.headers, timeout=_ANSWER_SECONDS, trust_env=False
        ) as there.client:
            yield there

    def page(self, path: str) -> str:
        """The text of a page as the administrator sees it."""
        record = self.record
        login = {"email": record["adminEmail"], "password": record["adminPassword"]}
        headers = {"Origin": record["apiUrl"]}
        with httpx.Client(base_url=record["apiUrl"], headers=headers, trust_env=False, timeout=30) as client:
            assert client.post("/api/session", json=login).status_code == 200
            answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.text
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())

    def output(self) -> str:
        return self.console.read_text(errors="replace")

    def family(self) -> set[Process]:
        assert self.process, "not started"
        return family(self.process.pid)

    def stop(self, how: signal.Signals = signal.SIGTERM, *, whole_group: bool = False) -> None:
        """Stop it, and assert that it ends in time, with status 0 and without leaving a process behind."""
        assert self.process, "not started"
        everyone = self.family()
        (os.killpg if whole_group else os.kill)(self.process.pid, how)
        status = self.process.wait(STOP_SECONDS)
        left = still_there(everyone)
        self._forget()
        assert not left, left
        assert not (self.data / "local.json").exists()
        assert status == 0, self.output()[-3000:]

    def kill(self) -> set[Process]:
        """Kill the parent with -9, and return the processes that it had started."""
        assert self.process, "not started"
        everyone = self.family()
        self.process.kill()
        self.process.wait()
        self._forget()
        return everyone

    def end(self) -> None:
        """End it, whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._forget()

    def _forget(self) -> None:
        self.process = None
        if self.client:
            self.client.close()
            self.client = None


def environ() -> dict[str, str]:
    """The environment of a user who has not set any of Mailprobe's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
