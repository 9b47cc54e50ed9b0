"""A name server that knows a few names and answers wrongly about others (RFC 1035)."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from ipaddress import IPv4Address, ip_address
from typing import NamedTuple, cast


class Wrong(IntEnum):
    """Ways to give no address: response codes, an empty answer, and no answer at all."""

    EMPTY = 0
    FAILURE = 2
    UNKNOWN = 3
    REFUSED = 5
    SILENCE = 16


class Answering(NamedTuple):
    """A name whose answers take `seconds`, or do not come for the record types in `silent_about`."""

    records: list[str]
    seconds: float = 0.0
    silent_about: tuple[int, ...] = ()


A, AAAA = 1, 28
_CNAME, _MX, _SRV = 5, 15, 33
_MOST_ALIASES = 8

Zone = Mapping[str, list[str] | Wrong | Answering]


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
        if known is Wrong.SILENCE or (isinstance(known, Answering) and kind in known.silent_about):
            return
        code = known if isinstance(known, Wrong) else Wrong.EMPTY
        records = self._records(name, kind)
        header = data[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(records), 0, 0)
        reply = header + data[12:question_end] + b"".join(records)
        seconds = known.seconds if isinstance(known, Answering) else 0.0
        asyncio.get_running_loop().call_later(seconds, self._transport.sendto, reply, addr)

    def _records(self, name: str, kind: int) -> list[bytes]:
        """The records of a name, those of its alias ("CNAME other.test") with it; a loop of aliases is cut off."""
        found: list[bytes] = []
        for _ in range(_MOST_ALIASES):
            known = self._zone.get(name, Wrong.UNKNOWN)
            texts = known.records if isinstance(known, Answering) else [] if isinstance(known, Wrong) else known
            found += [record for text in texts if (record := _record(name, text, kind, self._seconds_to_live))]
            alias = next((text.partition(" ")[2] for text in texts if text.startswith("CNAME ")), None)
            if alias is None:
                break
            name = alias
        return found


def _question(data: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode())
        at += length + 1
    return ".".join(labels).lower(), at + 5


def _record(owner: str, text: str, kind: int, seconds_to_live: int) -> bytes | None:
    """The record of an address, of a mail exchanger as in "MX 10 mail.example.com" (RFC 1035 section 3.3.9), of a
    service as in "SRV 0 1 993 mail.example.com" (RFC 2782), or of an alias as in "CNAME mail.example.com", which
    answers a question about any type.
    """
    of_kind, _, rest = text.partition(" ")
    if of_kind == "MX":
        preference, exchange = rest.split(" ")
        number, data = _MX, struct.pack("!H", int(preference)) + _name(exchange)
    elif of_kind == "SRV":
        *numbers, target = rest.split(" ")
        number, data = _SRV, struct.pack("!HHH", *map(int, numbers)) + _name(target)
    elif of_kind == "CNAME":
        number, data = _CNAME, _name(rest)
    else:
        address = ip_address(text)
        number, data = A if isinstance(address, IPv4Address) else AAAA, address.packed
    if number not in (kind, _CNAME):
        return None
    return _name(owner) + struct.pack("!HHIH", number, 1, seconds_to_live, len(data)) + data


def _name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


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
