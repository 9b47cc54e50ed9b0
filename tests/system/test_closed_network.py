"""A network whose name servers know its own hosts and nothing of the Internet, so that the control name is unknown."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.clock import utc_now
from tests.conftest import requires
from tests.fakes.name_server import Zone, serving
from tests.system import monitors
from tests.system.monitors import checks_from
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer

ZONE: Zone = {"mail.closed.test": ["127.0.0.1"]}
BROKEN_SECONDS = 240.0
"""A resolver is reported after three examinations, a minute apart."""


@contextmanager
def name_server() -> Iterator[str]:
    """The address of a running name server for ZONE."""
    started, stop = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def serve() -> None:
        async with serving(ZONE) as address:
            found.extend([address, asyncio.get_running_loop()])
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    assert started.wait(10)
    address, loop = found
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def closed(address: str, folder: Path) -> list[str]:
    """A command line that runs another one in a place where this is the only name server."""
    requires(os.geteuid() == 0 and shutil.which("unshare") is not None, "root and unshare")
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {address}\n")
    mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", mount, str(resolver)]


def verdict(product: Product, monitor: str) -> dict[str, Any]:
    answer = product.api.get(f"/api/smtp-monitors/{monitor}/details")
    return answer.json()["verdict"] or {}


@pytest.mark.long
def test_a_monitor_whose_own_name_resolves_is_checked_whatever_the_control_name_does(
    new_product: Product, mail_server: MailServer, tmp_path: Path
) -> None:
    product = new_product
    began = utc_now()
    with name_server() as address:
        product.start(closed(address, tmp_path))
        known = monitors.create(product, mail_server.port, hostname="mail.closed.test")
        unknown = monitors.create(product, mail_server.port, hostname="other.closed.test")
        checks_from(product, known, {"DE", "US"}, lambda check: check["status"] == "success")

        def unfit() -> bool:
            return all(here["reasons"] == ["resolver_broken"] for here in product.api.get("/api/locations").json())

        eventually(unfit, "the locations say that the control name does not resolve", BROKEN_SECONDS)
        assert not any(here["ready"] for here in product.api.get("/api/locations").json())
        triggered = product.api.post(f"/api/smtp-monitors/{known}/trigger-check").json()
        assert "MAILPROBE_CONTROL_NAME" in triggered["warnings"][0]
        checks_from(
            product,
            known,
            {"DE", "US"},
            lambda check: check["purpose"] == "triggered" and check["status"] == "success",
        )
        assert verdict(product, known)["verdict"] == "up"

        eventually(
            lambda: "set MAILPROBE_CONTROL_NAME" in verdict(product, unknown).get("reason", ""),
            "the verdict of the other one names the setting",
        )
        assert verdict(product, unknown)["verdict"] == "unknown"
        assert datetime.fromisoformat(verdict(product, unknown)["since"]) >= began
        product.stop()
