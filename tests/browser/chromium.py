"""Headless Chromium, driven by chromedriver over the W3C WebDriver protocol: the few commands these tests need."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.fakes.ports import free_port
from tests.system.product import eventually

_OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]
_SCRIPT_SECONDS = 90


def missing_for_chromium() -> str | None:
    """The names of the programs that are not installed, or None."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return " and ".join(missing) or None


class Browser:
    """One browser window. A script that throws an error fails the test that runs it."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run `script`, the body of a function, and return what it passes to the callback that is its last argument."""
        return self._post("execute/async", {"script": script, "args": list(arguments)})

    def _post(self, command: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(f"/session/{self._session}/{command}", json=body)
        assert answer.is_success, answer.text
        return answer.json()["value"]


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser with a fresh profile."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as folder:
        driver = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--allowed-ips=127.0.0.1", "--silent"], stdin=subprocess.DEVNULL
        )
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", timeout=_SCRIPT_SECONDS + 30, trust_env=False
            ) as client:
                eventually(lambda: _ready(client), "chromedriver is ready", 60)
                capabilities = {
                    "browserName": "chrome",
                    "timeouts": {"script": _SCRIPT_SECONDS * 1000},
                    "goog:chromeOptions": {"args": [*_OPTIONS, f"--user-data-dir={folder}"]},
                }
                made = client.post("/session", json={"capabilities": {"alwaysMatch": capabilities}})
                assert made.is_success, made.text
                session = made.json()["value"]["sessionId"]
                try:
                    yield Browser(client, session)
                finally:
                    client.delete(f"/session/{session}")
        finally:
            driver.terminate()
            try:
                driver.wait(10)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()


def _ready(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/status").json()["value"]["ready"])
    except httpx.TransportError:
        return False
