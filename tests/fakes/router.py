"""A router without a route to a server: it answers each attempt to connect with ICMP. Needs raw sockets (root)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from tests.fakes.scripted_server import hanging

_HOST_UNREACHABLE = (3, 1)  # RFC 792
_SYN = 0x02


@asynccontextmanager
async def unreachable_port(address: str) -> AsyncIterator[int]:
    """A port of a loopback address where every attempt to connect fails with "unreachable". Raises PermissionError."""
    loop = asyncio.get_running_loop()
    with ExitStack() as sockets:
        tcp = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP))
        icmp = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        tcp.setblocking(False)
        async with hanging(address) as port:

            def answer() -> None:
                packet = tcp.recv(65535)
                header = (packet[0] & 0x0F) * 4
                destination = struct.unpack_from("!H", packet, header + 2)[0]
                if destination == port and packet[header + 13] & _SYN:
                    icmp.sendto(_unreachable(packet[: header + 8]), (socket.inet_ntoa(packet[12:16]), 0))

            loop.add_reader(tcp, answer)
            try:
                yield port
            finally:
                loop.remove_reader(tcp)


def _unreachable(quoted: bytes) -> bytes:
    """The ICMP message about a packet; `quoted` is its IP header and the 8 bytes after it."""
    kind, code = _HOST_UNREACHABLE
    body = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    return body[:2] + struct.pack("!H", _checksum(body)) + body[4:]


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
