"""Headless Chromium, started with a fresh profile and driven by chromedriver over the W3C WebDriver protocol."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.browser.browser import Browser
from tests.browser.session import Session
from tests.fakes.ports import free_port
from tests.system.product import eventually

_OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--window-size=1280,900"),
]
_SCRIPT_SECONDS = 90


def missing_for_chromium() -> str | None:
    """The names of the programs that are not installed, or None."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return " and ".join(missing) or None


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser with a fresh profile and one tab."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as folder:
        driver = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--allowed-ips=127.0.0.1", "--silent"], stdin=subprocess.DEVNULL
        )
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", timeout=_SCRIPT_SECONDS + 30, trust_env=False
            ) as client:
                eventually(lambda: _ready(client), "chromedriver is ready")
                made = client.post("/session", json={"capabilities": {"alwaysMatch": _capabilities(folder)}})
                assert made.is_success, made.text
                session = Session(client, made.json()["value"]["sessionId"])
                try:
                    yield Browser(session)
                finally:
                    session.delete("")
        finally:
            driver.terminate()
            try:
                driver.wait(10)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()


def _capabilities(folder: str) -> dict[str, Any]:
    return {
        "browserName": "chrome",
        "timeouts": {"script": _SCRIPT_SECONDS * 1000},
        "goog:chromeOptions": {
            "args": [*_OPTIONS, f"--user-data-dir={folder}"],
            "perfLoggingPrefs": {"enableNetwork": True, "enablePage": False},
        },
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }


def _ready(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/status").json()["value"]["ready"])
    except httpx.TransportError:
        return False
