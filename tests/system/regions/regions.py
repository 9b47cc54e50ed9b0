"""Regions on one machine: a network namespace for the centre, one for mail servers and one for each region, with long
cables between them. Needs Linux, root, iproute2, and netem or TUN devices. Changes nothing outside the namespaces.

    with Regions({"jp": 150}) as regions: with regions.inside("jp"): ... regions.cut("jp") ... regions.plug("jp")

A region has a cable to the centre and one to the mail servers, each with the same delay in each direction, so a round
trip takes twice that. All addresses are of 198.18.0.0/15, which is for tests between networks (RFC 2544).
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from deploy.local.children import with_death_signal
from tests.system.product import REPOSITORY
from tests.system.regions.abroad import missing_for_abroad

CENTRE, MAIL = "centre", "mail"
NETWORK = "198.18.0.0/15"
CENTRE_ADDRESSES = [f"198.19.0.{host}" for host in (11, 12, 13)]
MAIL_ADDRESS = "198.19.1.25"

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_HOMES = {CENTRE: CENTRE_ADDRESSES, MAIL: [MAIL_ADDRESS]}
_WIRE = "wire"
_OURS = re.compile(r"mp-regions-(\d+)-[a-z]+")
_NEWNET = 0x40000000
_PACKETS = 20_000


class _Cable(NamedTuple):
    """Between a region and one of _HOMES."""

    region: str
    home: str
    milliseconds: int

    @property
    def name(self) -> str:
        return f"{self.region}-{self.home}"


def missing_for_regions() -> str | None:
    """What is missing here for such regions, in words; None when nothing is."""
    if missing := missing_for_abroad():
        return missing
    if not Path("/dev/net/tun").exists() and not _has_netem():
        return "netem or /dev/net/tun, to delay what is sent"
    return None


class Regions:
    """`milliseconds` is how long a packet takes from each region to the centre and to the mail servers, and back."""

    def __init__(self, milliseconds: Mapping[str, int]) -> None:
        self._cables = [_Cable(region, home, delay) for region, delay in milliseconds.items() for home in _HOMES]
        self.addresses = {region: f"198.18.{number}.1" for number, region in enumerate(milliseconds, start=1)}
        self._names = {place: f"mp-regions-{os.getpid()}-{place}" for place in (*_HOMES, *milliseconds, _WIRE)}
        self._relay: subprocess.Popen[str] | None = None
        self._parts = ExitStack()
        self.relay_counts: dict[str, Any] = {}
        """What the relay has passed and lost on each cable, after it has ended; empty with netem."""

    def __enter__(self) -> Self:
        remove_dead()
        with ExitStack() as undo:
            undo.callback(self._remove)
            for name in self._names.values():
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            if _has_netem():
                self._lay_with_netem()
            else:
                undo.callback(self._end_relay)
                self._lay_with_relay()
            for home, addresses in _HOMES.items():
                for address in addresses:
                    _ip("-n", self._names[home], "address", "add", f"{address}/32", "dev", "lo")
            for region, address in self.addresses.items():
                _ip("-n", self._names[region], "address", "add", f"{address}/32", "dev", "lo")
            for cable in self._cables:
                self._connect(cable)
            self._parts = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()

    @property
    def way(self) -> str:
        """How packets are delayed, for the test's output."""
        delays = {cable.region: cable.milliseconds for cable in self._cables}
        means = "a relay between TUN devices (this kernel has no netem)" if self._relay else "netem"
        return f"each way {', '.join(f'{region} {delay} ms' for region, delay in delays.items())}, by {means}"

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        """Sockets and processes that this thread opens or starts meanwhile are in that namespace."""
        here, other = Path("/proc/thread-self/ns/net"), Path(f"/run/netns/{self._names[place]}")
        with here.open() as before, other.open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def round_trip_ms(self, region: str, address: str, port: int) -> float:
        """The time that connecting takes from there."""
        with self.inside(region):
            began = time.monotonic()
            with closing(socket.create_connection((address, port), timeout=5)):
                return (time.monotonic() - began) * 1000

    def cut(self, region: str, *homes: str) -> None:
        """From now on everything sent on its cables to these places, or on all its cables, is lost without notice."""
        self._turn("cut", region, homes)

    def plug(self, region: str, *homes: str) -> None:
        """As before the cut."""
        self._turn("plug", region, homes)

    def _turn(self, order: str, region: str, homes: tuple[str, ...]) -> None:
        for cable in self._cables:
            if cable.region == region and cable.home in (homes or _HOMES):
                if self._relay:
                    self._order(f"{order} {cable.name}")
                else:
                    self._netem("change", cable, *(("loss", "100%") if order == "cut" else ()))

    def _lay_with_netem(self) -> None:
        for cable in self._cables:
            other = ("peer", "name", cable.home, "netns", self._names[cable.region])
            _ip("-n", self._names[cable.home], "link", "add", cable.region, "type", "veth", *other)
            self._netem("add", cable)

    def _netem(self, verb: str, cable: _Cable, *more: str) -> None:
        for place, device in ((cable.home, cable.region), (cable.region, cable.home)):
            ours = ["-n", self._names[place], "qdisc", verb, "dev", device, "root"]
            _run("tc", *ours, "netem", "delay", f"{cable.milliseconds}ms", "limit", str(_PACKETS), *more)

    def _lay_with_relay(self) -> None:
        cables = [f"{cable.name}:{cable.milliseconds}" for cable in self._cables]
        with self.inside(_WIRE):
            self._relay = subprocess.Popen(
                with_death_signal([sys.executable, "-m", "tests.system.regions.delay", *cables], signal.SIGKILL),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
        assert self._relay.stdout
        assert self._relay.stdout.readline() == "ready\n"
        for cable in self._cables:
            for end, place, device in (("a", cable.home, cable.region), ("b", cable.region, cable.home)):
                moved = ("netns", self._names[place], "name", device)
                _ip("-n", self._names[_WIRE], "link", "set", f"{cable.name}-{end}", *moved)

    def _order(self, order: str) -> None:
        assert self._relay
        assert self._relay.stdin
        assert self._relay.stdout
        self._relay.stdin.write(order + "\n")
        assert self._relay.stdout.readline() == "done\n"

    def _end_relay(self) -> None:
        if self._relay is None:
            return
        try:
            printed, _ = self._relay.communicate(timeout=10)
            self.relay_counts = json.loads(printed or "{}")
        except subprocess.TimeoutExpired:
            self._relay.kill()
            self._relay.communicate()

    def _connect(self, cable: _Cable) -> None:
        address = self.addresses[cable.region]
        for place, device in ((cable.home, cable.region), (cable.region, cable.home)):
            _ip("-n", self._names[place], "link", "set", device, "up")
        _ip("-n", self._names[cable.home], "route", "add", f"{address}/32", "dev", cable.region)
        for there in _HOMES[cable.home]:
            ours = ("dev", cable.home, "src", address)
            _ip("-n", self._names[cable.region], "route", "add", f"{there}/32", *ours)

    def _remove(self) -> None:
        for name in self._names.values():
            _remove(name)


def remove_dead() -> None:
    """Remove what killed test runs left behind: their namespaces and the processes in them."""
    for name in _ip("netns", "list").split():
        if (ours := _OURS.fullmatch(name)) and not Path(f"/proc/{ours[1]}").exists():
            _remove(name)


def _remove(name: str) -> None:
    listed = subprocess.run([_program("ip"), "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in listed.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run([_program("ip"), "netns", "delete", name], capture_output=True, check=False)


def _has_netem() -> bool:
    """Whether this kernel can delay packets by itself; tried in a separate namespace."""
    name = f"mp-regions-{os.getpid()}-try"
    _ip("netns", "add", name)
    try:
        netem = ["-n", name, "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]
        return subprocess.run([_program("tc"), *netem], capture_output=True, check=False).returncode == 0
    finally:
        _ip("netns", "delete", name)


def _enter(namespace: int) -> None:
    """Raises OSError. (`os.setns` comes with Python 3.12.)"""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*words: str) -> str:
    return _run("ip", *words)


def _run(program: str, *words: str) -> str:
    done = subprocess.run([_program(program), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program} {' '.join(words)}: {done.stderr}"
    return done.stdout


def _program(name: str) -> str:
    return shutil.which(name, path=_PATH) or name
