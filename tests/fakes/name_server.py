"""A name server that knows a few names and answers wrongly about others (RFC 1035)."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from ipaddress import IPv4Address, ip_address
from typing import cast


class Wrong(IntEnum):
    """Ways to give no address: response codes, an empty answer, and no answer at all."""

    EMPTY = 0
    FAILURE = 2
    UNKNOWN = 3
    REFUSED = 5
    SILENCE = 16


_MX = 15

Zone = Mapping[str, list[str] | Wrong]


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone, seconds_to_live: int) -> None:
        self._zone = zone
        self._seconds_to_live = seconds_to_live

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        name, question_end = _question(data)
        kind = struct.unpack("!H", data[question_end - 4 : question_end - 2])[0]
        known = self._zone.get(name, Wrong.UNKNOWN)
        if known is Wrong.SILENCE:
            return
        code = known if isinstance(known, Wrong) else Wrong.EMPTY
        records = (
            []
            if isinstance(known, Wrong)
            else [record for text in known if (record := _record(text, kind, self._seconds_to_live))]
        )
        header = data[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0)
        self._transport.sendto(header + data[12:question_end] + b"".join(records), addr)


def _question(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += length + 1
    return ".".join(labels).lower(), at + 5


def _record(text: str, kind: int, seconds_to_live: int) -> bytes | None:
    """The record of an address, or of a mail exchanger as in "MX 10 mail.example.com" (RFC 1035 section 3.3.9)."""
    if text.startswith("MX "):
        _, preference, exchange = text.split(" ")
        labels = [label.encode() for label in exchange.split(".") if label]
        name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
        data = struct.pack("!H", int(preference)) + name
        return struct.pack("!HHHIH", 0xC00C, _MX, 1, seconds_to_live, len(data)) + data if kind == _MX else None
    address = ip_address(text)
    of_kind = 1 if isinstance(address, IPv4Address) else 28
    if of_kind != kind:
        return None
    return struct.pack("!HHHIH", 0xC00C, of_kind, 1, seconds_to_live, len(address.packed)) + address.packed


@asynccontextmanager
async def serving(zone: Zone, *, seconds_to_live: int = 0) -> AsyncIterator[str]:
    """Run a name server and yield its address as `agent.net.resolve` takes it. Names not in `zone` do not exist."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _NameServer(zone, seconds_to_live), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    try:
        yield f"{host}:{port}"
    finally:
        transport.close()
