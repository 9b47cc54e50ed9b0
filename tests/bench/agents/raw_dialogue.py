"""The minimum of a plain SMTP check: the same bytes over a raw asyncio stream, without timing or evaluation."""

from __future__ import annotations

import asyncio
import time

from tests.bench.figures import Rate, rate
from tests.bench.responder import ADDRESS

AT_ONCE = 50
_HELLO = b"EHLO bench.mailprobe.test\r\n"


async def dialogue(port: int) -> None:
    """Connect, read the greeting, send EHLO and read its two lines, send QUIT."""
    reader, writer = await asyncio.open_connection(ADDRESS, port)
    await reader.readline()
    writer.write(_HELLO)
    while (await reader.readline())[3:4] == b"-":
        pass
    writer.write(b"QUIT\r\n")
    assert (await reader.readline()).startswith(b"221")
    writer.transport.abort()


async def dialogues(port: int, *, seconds: float = 3.0) -> Rate:
    """How many dialogues this process holds, AT_ONCE at a time."""
    return await rate(lambda: dialogue(port), seconds=seconds, at_once=AT_ONCE)


async def durations_ms(port: int, count: int) -> list[float]:
    """How long each of `count` dialogues took, one after the other."""
    found: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        await dialogue(port)
        found.append(1000 * (time.perf_counter() - began))
    return found
