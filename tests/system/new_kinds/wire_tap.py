"""Listens to the requests for checks on a product's broker."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from nats.aio.msg import Msg

from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.batches import requests_in
from tests.fakes.installation import recorded

_SECONDS = 30.0


class WireTap:
    """`requests` are those since it was entered, by the codes of their locations; the locations of `make run` are named
    like their countries.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._broker = recorded(record)
        self._listening, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(_SECONDS), "not connected to the broker"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_SECONDS)

    def logins(self, country: str, monitor: str) -> list[list[str]]:
        """The names of the logins in each request for this monitor to this country."""
        return [
            [login["name"] for login in request["logins"]]
            for location, request in self.requests
            if location == country.lower() and request["monitorId"] == monitor
        ]

    async def _listen(self) -> None:
        async def keep(message: Msg) -> None:
            location = subjects.location_of_check(message.subject)
            if location is not None:
                self.requests += [(location, json.loads(body)) for body in requests_in(message.data)]

        async with Bus.open(self._broker, name="wire tap") as bus:
            await bus.wait_connected()
            await bus.client.subscribe("mailprobe.check.>", cb=keep)
            await bus.client.flush()
            self._listening.set()
            while not self._stop.is_set():
                await asyncio.sleep(0.05)
