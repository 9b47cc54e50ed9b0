"""Long cables, for a kernel without netem. A process that makes pairs of TUN devices and passes every packet from one
to the other after a delay, in order:

    python -m tests.system.regions.delay NAME:MILLISECONDS ...

makes the devices NAME-a and NAME-b for each, to be moved to where the cable's ends are, and prints `ready`. Lines of
its standard input are commands, answered by `done`: `cut NAME` drops every packet from now on, also those on their way,
and `plug NAME` ends that. At the end of its input it prints its counts as a line of JSON, and ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import struct
import sys
from collections import deque
from contextlib import suppress

_TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_LARGEST = 65536
_AT_ONCE = 256
_ON_THE_WAY = 20_000
"""At most so many packets (30 MB at 1500 bytes) are on their way in one direction; a router would drop more, too."""


class Direction:
    """From one device to the other. `lost` counts packets dropped by a cut, `overflowed` those over the limit."""

    def __init__(self, source: int, target: int, seconds: float) -> None:
        self._source = source
        self._target = target
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.is_cut = False
        self.passed = self.lost = self.overflowed = 0
        self.latest = 0.0
        self._loop.add_reader(source, self._take)

    def cut(self) -> None:
        self.is_cut = True
        self.lost += len(self._on_the_way)
        self._on_the_way.clear()

    def plug(self) -> None:
        self.is_cut = False

    def _take(self) -> None:
        with suppress(OSError):  # there is nothing more to read, or the device is not up yet
            for _ in range(_AT_ONCE):
                packet = os.read(self._source, _LARGEST)
                if self.is_cut:
                    self.lost += 1
                elif len(self._on_the_way) >= _ON_THE_WAY:
                    self.overflowed += 1
                else:
                    self._on_the_way.append((self._loop.time() + self._seconds, packet))
        self._arm()

    def _arm(self) -> None:
        if self._on_the_way and self._timer is None:
            self._timer = self._loop.call_at(self._on_the_way[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            due, packet = self._on_the_way.popleft()
            self.latest = max(self.latest, now - due)
            with suppress(OSError):  # that device is not up: the packet is lost, as on a cable that ends nowhere
                os.write(self._target, packet)
                self.passed += 1
        self._arm()


def _device(name: str) -> int:
    """A TUN device of this name, which exists as long as its descriptor is open. Raises OSError."""
    descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


async def _main(cables: list[str]) -> None:
    ways: dict[str, tuple[Direction, Direction]] = {}
    for name, _, milliseconds in (cable.partition(":") for cable in cables):
        one, other = _device(f"{name}-a"), _device(f"{name}-b")
        seconds = float(milliseconds) / 1000
        ways[name] = Direction(one, other, seconds), Direction(other, one, seconds)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order, name = line.split()
        for way in ways[name]:
            if order == "cut":
                way.cut()
            else:
                way.plug()
        print("done", flush=True)
    print(json.dumps({name: [_counts(way) for way in both] for name, both in ways.items()}), flush=True)


def _counts(way: Direction) -> dict[str, float]:
    counts = {"passed": way.passed, "lost": way.lost, "overflowed": way.overflowed}
    return counts | {"latestMs": round(way.latest * 1000, 1)}


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
