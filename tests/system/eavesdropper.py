"""Sees what a product lets out while it runs: every message on its broker, and every byte of the broker's disk.

Both, because a message that is taken at once may be gone from the disk before anybody looked.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from nats.aio.msg import Msg

from shared.nats.broker import Broker
from shared.nats.bus import Bus

_LOOK_SECONDS = 0.02


class Eavesdropper:
    """`wanted` are bytes by a name; `found` says where each was seen: on a subject, or in a file."""

    def __init__(self, broker: Broker, folder: Path, wanted: Mapping[str, Iterable[bytes]]) -> None:
        self._broker = broker
        self._folder = folder
        self._wanted = wanted
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._look)]
        self._seen: dict[Path, tuple[int, int]] = {}
        self.found: dict[str, set[str]] = defaultdict(set)
        self.messages = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        assert self._listening.wait(30), "not connected to the broker"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def watch_for(self, wanted: Mapping[str, Iterable[bytes]]) -> None:
        """From now on for these too."""
        self._wanted = {**self._wanted, **wanted}

    def search(self, where: str, content: bytes) -> None:
        for name, forms in self._wanted.items():  # the whole mapping is replaced, by another thread
            if any(form in content for form in forms):
                self.found[name].add(where)

    def search_files(self, folder: Path, *, without: Iterable[Path] = ()) -> None:
        left_out = set(without)
        for path in files_in(folder):
            if path not in left_out:
                self.search(str(path.relative_to(folder)), _content(path))

    def _listen(self) -> None:
        asyncio.run(self._hear())

    async def _hear(self) -> None:
        async def heard(message: Msg) -> None:
            self.messages += 1
            headers = "".join(f"{name}: {value}\n" for name, value in (message.headers or {}).items())
            self.search(f"message on {message.subject}", headers.encode() + message.data)

        async with Bus.open(self._broker, name="eavesdropper") as bus:
            await bus.wait_connected()
            await bus.client.subscribe(">", cb=heard)
            await bus.client.flush()
            self._listening.set()
            await asyncio.to_thread(self._stop.wait)

    def _look(self) -> None:
        """A file that did not change was seen as it is."""
        while not self._stop.wait(_LOOK_SECONDS):
            for path in files_in(self._folder):
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                version = (state.st_mtime_ns, state.st_size)
                if self._seen.get(path) != version:
                    self._seen[path] = version
                    self.search(f"file {path.relative_to(self._folder)}", _content(path))


def files_in(folder: Path) -> Iterator[Path]:
    """At any depth; servers remove folders too while somebody looks, which `Path.rglob` does not bear."""
    for place, _, names in os.walk(folder):
        for name in names:
            if (path := Path(place, name)).is_file():
                yield path


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # servers remove some at any time
        return b""
