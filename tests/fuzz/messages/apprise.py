"""The answers of the child process that sends by Apprise, as the controller reads them from a pipe."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from controller.notify.apprise.process import AppriseAnswer, _answer
from tests.fuzz.golden import NESTED

SEEDS = (
    b'{"valid": true, "accepted": true, "status": 200, "forbidden": false}\n',
    b'{"valid": true, "accepted": false, "status": null, "crashed": "ValueError"}\n',
    b'{"valid": false}\n',
    NESTED + b"\n",
    b"",
)
_loop = asyncio.new_event_loop()


class _Pipe:
    """The child's standard input: nobody reads it."""

    def write(self, data: bytes) -> None:
        assert data.count(b"\n") == 1

    async def drain(self) -> None:
        pass


def check(data: bytes) -> None:
    """An answer, or one of the errors after which the controller ends the child."""
    try:
        answer = _loop.run_until_complete(_read(data))
    except (OSError, EOFError, ValueError, RecursionError):
        return
    assert msgspec.json.decode(msgspec.json.encode(answer), type=AppriseAnswer) == answer


async def _read(data: bytes) -> AppriseAnswer:
    output = asyncio.StreamReader()
    output.feed_data(data)
    output.feed_eof()
    return await _answer(cast("Any", SimpleNamespace(stdin=_Pipe(), stdout=output)), {"body": "x\ny"})
