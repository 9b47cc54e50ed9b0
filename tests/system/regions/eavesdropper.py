"""Searches what a product emits while it runs: every message on its broker, and every byte of the broker's disk.

Both are needed, because a message that is taken at once may be gone from the disk before the disk is searched.
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

_SEARCH_SECONDS = 0.02


class Eavesdropper:
    """`searched` holds bytes by a name; `found` says where each was found: on a subject, or in a file."""

    def __init__(self, broker: Broker, folder: Path, searched: Mapping[str, Iterable[bytes]]) -> None:
        self._broker = broker
        self._folder = folder
        self._searched = searched
        self._stop = threading.Event()
        self._listening = threading.Event()
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._search_disk)]
        self._versions: dict[Path, tuple[int, int]] = {}
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

    def watch_for(self, searched: Mapping[str, Iterable[bytes]]) -> None:
        """Search for these too from now on."""
        self._searched = {**self._searched, **searched}

    def search(self, where: str, content: bytes) -> None:
        for name, forms in self._searched.items():  # another thread may replace the whole mapping
            if any(form in content for form in forms):
                self.found[name].add(where)

    def search_files(self, folder: Path, *, without: Iterable[Path] = ()) -> None:
        left_out = set(without)
        for path in files_in(folder):
            if path not in left_out:
                self.search(str(path.relative_to(folder)), content_of(path))

    def _listen(self) -> None:
        asyncio.run(self._search_messages())

    async def _search_messages(self) -> None:
        async def search_message(message: Msg) -> None:
            self.messages += 1
            headers = "".join(f"{name}: {value}\n" for name, value in (message.headers or {}).items())
            self.search(f"message on {message.subject}", headers.encode() + message.data)

        async with Bus.open(self._broker, name="eavesdropper") as bus:
            await bus.wait_connected()
            await bus.client.subscribe(">", cb=search_message)
            await bus.client.flush()
            self._listening.set()
            await asyncio.to_thread(self._stop.wait)

    def _search_disk(self) -> None:
        """Search the files that changed since they were last searched."""
        while not self._stop.wait(_SEARCH_SECONDS):
            for path in files_in(self._folder):
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                version = (state.st_mtime_ns, state.st_size)
                if self._versions.get(path) != version:
                    self._versions[path] = version
                    self.search(f"file {path.relative_to(self._folder)}", content_of(path))


def files_in(folder: Path) -> Iterator[Path]:
    """All files at any depth. Servers remove folders meanwhile, which makes `Path.rglob` fail."""
    for place, _, names in os.walk(folder):
        for name in names:
            if (path := Path(place, name)).is_file():
                yield path


def content_of(path: Path) -> bytes:
    """The content of a file; nothing if a server has removed it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
