"""The senders of a controller, allowed to reach the servers of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from controller.notify.channels import Senders, open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.secret import Secret
from shared.settings import NetworkSetting
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase

LOOPBACK = (NetworkSetting("127.0.0.0/8").value,)


@pytest.fixture(scope="module")
async def senders() -> AsyncIterator[Senders]:
    """Senders without a relay; text messages go to an Apprise URL where nothing listens."""
    async with open_senders(relay=None, sms_url=Secret("json://127.0.0.1:9/{number}"), allowed=LOOPBACK) as opened:
        yield opened


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    """The relay of `case`."""
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
async def case(database_url: str, mail: SmtpSink) -> AsyncIterator[NotificationCase]:
    relay = Relay(host="127.0.0.1", port=mail.port, sender="probe@example.net", tls=RelayTls.NONE)
    vault = Vault(VaultKeys(new_key().reveal()))
    async with (
        open_senders(relay=relay, sms_url=None, allowed=LOOPBACK) as senders,
        Database.open(database_url) as db,
    ):
        case = NotificationCase(db, vault, senders)
        await case.begin()
        yield case
