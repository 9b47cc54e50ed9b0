"""The ways out of a controller, allowed to reach the servers of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from controller.notify.channels import Senders, open_senders
from controller.notify.email.sender import Relay, RelayTls
from controller.settings import Network
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.wire.targets import Secret
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.desk import Desk

LOOPBACK = (Network("127.0.0.0/8").value,)


@pytest.fixture(scope="module")
async def senders() -> AsyncIterator[Senders]:
    """Without a relay; text messages go to an Apprise URL nobody listens at."""
    async with open_senders(relay=None, sms_url=Secret("json://127.0.0.1:9/{number}"), allowed=LOOPBACK) as opened:
        yield opened


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    """The relay of `desk`."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
async def desk(database_url: str, mail: SmtpSink) -> AsyncIterator[Desk]:
    relay = Relay(host="127.0.0.1", port=mail.port, sender="probe@example.net", tls=RelayTls.NONE)
    vault = Vault(VaultKeys(new_key().reveal()))
    async with (
        open_senders(relay=relay, sms_url=None, allowed=LOOPBACK) as senders,
        Database.open(database_url) as db,
    ):
        desk = Desk(db, vault, senders)
        await desk.begin()
        yield desk
