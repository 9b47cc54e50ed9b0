"""How fast the notifications of many outages at once leave a controller, and how late they make its event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import msgspec

from controller.notify.channels import open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.vault import Vault, VaultKeys, new_key
from shared.settings import NetworkSetting
from tests.bench.figures import Figures, spread
from tests.bench.notify.receivers import Receivers
from tests.bench.processes import child_process, servers
from tests.integration.notify.notification_case import NotificationCase

_LOOPBACK = (NetworkSetting("127.0.0.0/8").value,)
_HEARTBEAT_SECONDS = 0.005
_LONGEST_SECONDS = 180.0
_STORM_SECONDS = 1.0

_LEFT = """
SELECT count(*) FROM delivery JOIN notification_channel AS channel ON channel.id = channel_id
WHERE channel.name IN ('Mail', 'Working') AND state = 'waiting'
"""
_OUT = """
SELECT extract(epoch FROM max(sent_at) - (SELECT min(created_at) FROM delivery))::float8
FROM delivery JOIN notification_channel AS channel ON channel.id = channel_id WHERE channel.name = $1 AND state = 'sent'
"""
_ATTEMPTS = """
SELECT count(*) FROM delivery_attempt JOIN delivery ON delivery.id = delivery_id
JOIN notification_channel AS channel ON channel.id = channel_id WHERE channel.name = $1
"""


class Storm(NamedTuple):
    """A storm's outcome: when the last mail and webhook were out, requests to others, and how late the loop was."""

    mail_seconds: float | None
    webhook_seconds: float | None
    hanging_attempts: int
    failing_attempts: int
    lag_ms: dict[str, float]


async def storm(incidents: int) -> Figures:
    """So many incidents within a second, each with a mail and a webhook, alone and beside receivers that hang and
    fail.
    """
    alone = await _storm(incidents, ["Mail", "Working"])
    beside = await _storm(incidents, ["Mail", "Working", "Hanging", "Failing"])
    return {
        "incidents": incidents,
        "last_mail_out_s": beside.mail_seconds,
        "last_webhook_out_s": beside.webhook_seconds,
        "attempts_at_hanging": beside.hanging_attempts,
        "attempts_at_failing": beside.failing_attempts,
        "loop_lag_ms": beside.lag_ms,
        "baseline_alone": {"last_mail_out_s": alone.mail_seconds, "last_webhook_out_s": alone.webhook_seconds},
    }


async def mails(number: int) -> Figures:
    """How late the event loop is while so many mails are sent, beside the same run without mails."""
    without = await _storm(number, ["Working"])
    beside = await _storm(number, ["Working", "Mail"])
    assert beside.mail_seconds
    return {
        "mails": number,
        "mails_per_second": round(number / beside.mail_seconds, 1),
        "loop_lag_ms": beside.lag_ms,
        "baseline_loop_lag_without_mails_ms": without.lag_ms,
        "p99_above_baseline_ms": round(beside.lag_ms["p99"] - without.lag_ms["p99"], 1),
    }


async def _storm(incidents: int, channels: list[str]) -> Storm:
    async with child_process("tests.bench.notify.receivers") as line:
        receivers = msgspec.json.decode(line, type=Receivers)
        async with sending_case(receivers, channels) as case:
            monitors = [await case.monitor() for _ in range(incidents)]
            lags: list[float] = []
            async with case.notifying(), heartbeat(lags):
                await _open(case, monitors)
                await _all_out(case)
            return Storm(
                mail_seconds=_rounded(await case.value(_OUT, "Mail")),
                webhook_seconds=_rounded(await case.value(_OUT, "Working")),
                hanging_attempts=await case.value(_ATTEMPTS, "Hanging"),
                failing_attempts=await case.value(_ATTEMPTS, "Failing"),
                lag_ms=spread(lags),
            )


@asynccontextmanager
async def sending_case(receivers: Receivers, channels: list[str]) -> AsyncIterator[NotificationCase]:
    relay = Relay(host="127.0.0.1", port=receivers.relay_port, sender="probe@example.net", tls=RelayTls.NONE)
    vault = Vault(VaultKeys(new_key().reveal()))
    urls = {"Working": receivers.working, "Hanging": receivers.hanging, "Failing": receivers.failing}
    async with servers() as started, open_senders(relay=relay, sms_url=None, allowed=_LOOPBACK) as senders:
        case = NotificationCase(started.db, vault, senders)
        await case.begin()
        for name in channels:
            if name in urls:
                await case.channel("webhook", name, {"url": urls[name]})
            else:
                await case.channel("email", name, {"to": "ops@sink.test"})
        yield case


async def _open(case: NotificationCase, monitors: list[int]) -> None:
    """Confirm the outages evenly within a second, as far as this machine can."""
    began = time.monotonic()
    for number, monitor in enumerate(monitors):
        due = began + _STORM_SECONDS * number / len(monitors)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await case.opened(monitor)


async def _all_out(case: NotificationCase) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await case.value(_LEFT):
            await asyncio.sleep(0.1)


@asynccontextmanager
async def heartbeat(lags_ms: list[float]) -> AsyncIterator[None]:
    """Note every few milliseconds how much later the loop went on than it should have."""

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            lags_ms.append(1000 * (time.perf_counter() - began - _HEARTBEAT_SECONDS))

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
