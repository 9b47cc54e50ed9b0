"""An administrator adds a location, pastes the commands of its page, and sees it appear without doing anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser import axe
from tests.browser.browser import Browser
from tests.browser.emulation import SMALLEST
from tests.browser.people import log_in
from tests.browser.test_every_view import _WIDER
from tests.browser.watching import Watch
from tests.fakes.folders import data_folder
from tests.system.product import REPOSITORY, Product, environ, eventually


@pytest.fixture
def fresh() -> Iterator[Product]:
    with data_folder() as folder:
        running = Product(folder / "data", countries="DE")
        running.settings = {"MAILPROBE_CONTROL_NAME": "localhost"}
        try:
            running.start()
            yield running
        finally:
            running.end()


@contextmanager
def pasted(commands: str, folder: Path) -> Iterator[None]:
    """A shell in which somebody pasted this, in a folder like a checkout in which `make run` ran."""
    (folder / "var").mkdir()
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    with (folder / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["bash", "-e"],
            cwd=folder,
            env=environ() | {"MAILPROBE_CONTROL_NAME": "localhost", "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert shell.stdin
    shell.stdin.write(f"{commands}\n".encode())
    shell.stdin.close()
    try:
        yield
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)


def _add(browser: Browser, code: str) -> str:
    """Fill in the form, and return the commands that the page shows for a checkout."""
    browser.click("Add a location")
    browser.find("#code").type(code)
    browser.value("document.querySelector('#country').value = 'FR'")
    browser.click("Add it and show its enrolment")
    browser.sees("shown this once")
    return str(browser.value("return document.querySelector('#start-checkout').textContent"))


def _ready(browser: Browser, within: str) -> None:
    """Return as soon as that says that the location is ready, without a click."""
    words = f"return document.querySelector('{within} .is-up')?.textContent"
    eventually(lambda: browser.value(words) == "ready", f"{within} is ready")


def test_a_location_that_is_added_appears_by_itself(
    fresh: Product, browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    home = log_in(browser, fresh, watch)
    listed = browser.tab
    browser.open(f"{home}locations")
    browser.sees("1 of 1 location")
    with browser.another_tab(f"{home}locations"):
        commands = _add(browser, "fr-par")
        if axe.source():
            assert axe.barriers(browser) == []
        browser.emulation.width(SMALLEST)
        assert browser.value(_WIDER) == []
        browser.sees("No agent of this location has connected yet.")
        with pasted(commands, tmp_path):
            _ready(browser, "#waits")
            assert oct((tmp_path / "var" / "fr-par.agent").stat().st_mode)[-3:] == "600"
            browser.sees("shown this once")
            browser.tab = listed
            _ready(browser, "#fr-par")
    enrolment = (tmp_path / "var" / "fr-par.agent").read_text()
    secrets = [line.split('"')[3] for line in enrolment.splitlines() if '"sealingKey"' in line]
    assert secrets
    logs = [fresh.console, tmp_path / "log", *fresh.data.rglob("*.log")]
    assert not [log for log in logs if any(secret in log.read_text(errors="replace") for secret in secrets)]


def test_a_location_is_added_and_disabled_without_scripts(fresh: Product, browser: Browser, watch: Watch) -> None:
    home = log_in(browser, fresh, watch)
    browser.emulation.scripts(on=False)
    browser.open(f"{home}locations/new")
    browser.find("#code").type("de-ber")
    browser.find("#country").type("Germany")
    browser.click("Add it and show its enrolment")
    browser.sees("shown this once")
    browser.open(f"{home}locations/de-ber")
    browser.sees("No agent of this location has ever connected.")
    browser.click("Disable")
    browser.sees("No monitor is checked from here, so none is affected.")
    browser.click("Disable it")
    eventually(lambda: browser.address.endswith("/locations/de-ber?done=disabled"), "the page says what was done")
    browser.sees("The location is disabled.")
