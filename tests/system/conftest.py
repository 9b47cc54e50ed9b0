"""A product for one test, and a mail server to check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REQUIRE_ALL, requires
from tests.fakes.postfix import missing_for_postfix, start_postfix
from tests.system.product import Product
from tests.system.smtpd import MailServer, Smtpd


@pytest.fixture
def new_product(tmp_path: Path) -> Iterator[Product]:
    """A product for one test, not started; its path is longer than that of a socket may be."""
    long = tmp_path / ("folder with a long name " * 5).strip()
    long.mkdir()
    made = Product(long / "data")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A running mail server, chosen by `running_mail_server`."""
    with running_mail_server() as server:
        yield server


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """A real Postfix where it can run, else an aiosmtpd. In CI it must be Postfix."""
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
