"""One product for the tests that leave it running, and a mail server to check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import REQUIRE_ALL, requires
from tests.fakes.folders import data_folder
from tests.fakes.postfix import missing_for_postfix, start_postfix
from tests.system.abroad import Abroad, missing_for_abroad
from tests.system.product import Product
from tests.system.smtpd import MailServer, Smtpd
from tests.system.watched import Watched


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """A running product whose agents, in DE and US, may reach this machine.

    They are fit without a name server too: who cannot resolve for some minutes is asked for no check of a name.
    """
    with data_folder() as folder:
        running = Product(folder / "data")
        running.settings = {"MAILPROBE_CONTROL_NAME": "localhost"}
        try:
            running.start()
            yield running
        finally:
            running.end()


@pytest.fixture(scope="session")
def watched() -> Iterator[Watched]:
    """A running product that tells people, for all tests of incidents: one outage is confirmed while another lasts.

    At its end nobody was told anything twice.
    """
    missing = missing_for_abroad()
    requires(missing is None or not REQUIRE_ALL, missing or "")
    with ExitStack() as parts:
        folder = parts.enter_context(data_folder())
        abroad = parts.enter_context(Abroad()) if missing is None else None
        running = parts.enter_context(Watched(folder, abroad))
        yield running
        assert running.told_twice() == []


@pytest.fixture
def new_product(tmp_path: Path) -> Iterator[Product]:
    """A product of the test's own, not started; its path is longer than a socket's may be."""
    long = tmp_path / ("folder with a long name " * 5).strip()
    long.mkdir()
    made = Product(long / "data")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Running; which one is for `running_mail_server` to say."""
    with running_mail_server() as server:
        yield server


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """A real Postfix where there can be one, else an aiosmtpd; which of them is not left to chance in CI."""
    missing = missing_for_postfix()
    if missing is None or REQUIRE_ALL:
        requires(missing is None, missing or "")
        with start_postfix() as postfix:
            yield postfix
        return
    server = Smtpd()
    server.start()
    try:
        yield server
    finally:
        server.stop()
