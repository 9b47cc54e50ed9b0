"""Whatever a server sends, in whatever pieces, every parser and probe ends with a reply or one of our failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.transcript import Transcript
from agent.errors import CheckError
from agent.net.stream import LineStream
from agent.probes.imap import replies
from agent.probes.pop3 import replies as pop3_reply
from agent.probes.smtp import replies as smtp_reply
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import context as composed
from tests.fakes.context import request
from tests.fakes.listening import Listener

Read = Callable[[LineStream], Awaitable[object]]

PARSERS: dict[str, Read] = {
    "an SMTP reply": smtp_reply.read_reply,
    "a POP3 status line": pop3_reply.read_reply,
    "a POP3 challenge": pop3_reply.read_challenge,
    "POP3 capabilities": pop3_reply.request_capabilities,
    "an IMAP response": replies.read_response,
}
FRAGMENTS = [
    *(b"220 x\r\n", b"250-a\r\n", b"250 AUTH PLAIN LOGIN CRAM-MD5\r\n", b"334 \r\n", b"334 PDE+\r\n", b"235 ok\r\n"),
    *(
        b"+OK <1.2@x>\r\n",
        b"+OK\r\n",
        b"-ERR [IN-USE] x\r\n",
        b"USER\r\nSASL PLAIN\r\n.\r\n",
        b"+ \r\n",
        b"+OK 1 2\r\n",
    ),
    *(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n", b"A1 OK x\r\n", b"A2 NO [ALERT] x\r\n", b"* 3 EXISTS\r\n"),
    *(
        b"* LIST {3}\r\nabc\r\n",
        b"* X {99999999999999999999}\r\n",
        b"* BYE\r\n",
        b"{",
        b"}",
        b"-",
        b" ",
        b"\r\n",
        b"\0",
    ),
]
CHUNKS = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(FRAGMENTS)), max_size=30)


@pytest.mark.parametrize("read", [pytest.param(read, id=name) for name, read in PARSERS.items()])
@given(chunks=CHUNKS)
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_in_arbitrary_pieces_end_in_a_reply_or_a_failure_of_ours(
    read: Read, chunks: list[bytes]
) -> None:
    failures = asyncio.run(_read_to_the_end(read, chunks))
    assert all(failure.source is FailureSource.TARGET for failure in failures)


async def _read_to_the_end(read: Read, chunks: list[bytes]) -> list[CheckError]:
    """Return the failures; an exception other than CheckError is raised."""
    stream = LineStream(ADDRESS, Transcript())
    failures: list[CheckError] = []

    async def arrive() -> None:
        for chunk in chunks:
            stream.data_received(chunk)
            await asyncio.sleep(0)
        stream.eof_received()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(arrive())
        # Every read consumes at least a line, or finds none left.
        for _ in range(b"".join(chunks).count(b"\n") + 1):
            try:
                await read(stream)
            except EOFError:
                return failures
            except CheckError as error:
                failures.append(error)
    pytest.fail("no read reached the end of the input")


@pytest.fixture(scope="module")
def runner_and_context() -> Iterator[tuple[asyncio.Runner, ProbeContext]]:
    """An event loop and a probe context for all examples."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        composing = composed(Certificates())
        context = runner.run(composing.__aenter__())
        yield runner, context
        runner.run(composing.__aexit__(None, None, None))


@pytest.mark.parametrize(
    "target", [pytest.param(kind, id=str(kind.__struct_config__.tag)) for kind in (SmtpTarget, ImapTarget, Pop3Target)]
)
@given(chunks=CHUNKS)
@settings(max_examples=100, deadline=None)
def test_no_server_makes_a_probe_fail_by_our_own_fault(
    runner_and_context: tuple[asyncio.Runner, ProbeContext], target: type[Target], chunks: list[bytes]
) -> None:
    runner, context = runner_and_context
    runner.run(_check(target, chunks, context))


async def _check(kind: type[Target], chunks: list[bytes], context: ProbeContext) -> None:
    """The server sends a piece at once, and another whenever it receives something; then it closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.002):
                    await reader.read(4096)

    async with Listener(serve) as listener:
        target = kind(host=ADDRESS, port=listener.port, tls=TlsMode.NONE)
        result = await run_check(request(target, login=("alice", "secret-7")), context)
    assert result.failure is None or result.failure.source is FailureSource.TARGET, result.failure
    assert result.failure is None or result.failure.kind is not FailureKind.TIMEOUT
