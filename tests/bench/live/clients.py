"""Browsers that have overviews open, for the bench of live updates: they read and count.

python -m tests.bench.live.clients     reads [port, cookies, views, streams], answers each line
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

import uvloop

_received: Counter[str] = Counter()


async def _follow(port: int, cookie: str, view: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    request = f"GET /live?view={quote(view, safe='')} HTTP/1.1\r\nHost: x\r\nCookie: mailprobe_session={cookie}\r\n\r\n"
    writer.write(request.encode())
    assert b" 200 " in await reader.readline()
    _received["open"] += 1
    while chunk := await reader.read(2**20):
        _received["bytes"] += len(chunk)
        _received["messages"] += chunk.count(b"event: view\n")


async def _run() -> None:
    port, cookies, views, streams = json.loads(await asyncio.to_thread(sys.stdin.readline))
    tasks = [asyncio.create_task(_follow(port, *of)) for of in _shares(cookies, views, streams)]
    while _received["open"] < streams:
        assert not any(task.done() for task in tasks)
        await asyncio.sleep(0.05)
    print("open", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps({name: _received[name] for name in ("bytes", "messages")}), flush=True)
        _received.clear()


def _shares(cookies: Sequence[str], views: Sequence[str], streams: int) -> list[tuple[str, str]]:
    return [(cookies[number % len(cookies)], views[number // len(cookies) % len(views)]) for number in range(streams)]


if __name__ == "__main__":
    uvloop.run(_run())
