from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import requires
from tests.fakes.certificates import Certificates
from tests.fakes.dovecot import Dovecot, missing_for_dovecot, start_dovecot
from tests.fakes.folders import data_folder
from tests.system.product import Product


@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    """A running product whose agents, in DE and US, may reach this machine.

    They are fit without a name server too. An agent that cannot resolve names for some minutes gets no checks of names.
    """
    with data_folder() as folder:
        running = Product(folder / "data")
        running.settings = {"MAILPROBE_CONTROL_NAME": "localhost"}
        try:
            running.start()
            yield running
        finally:
            running.end()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A new one for each test, because it makes clients wait longer after each failed login."""
    missing = missing_for_dovecot()
    requires(missing is None, missing or "")
    with start_dovecot(certificates=Certificates()) as running:
        yield running
