"""The line stream: bounds, ends, TLS in mid-connection, and never a hang or an exception that is not ours."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import nullcontext

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.dialogue.transcript import Transcript
from agent.errors import CheckError
from agent.net.stream import LONGEST_LINE, MOST_BYTES, MOST_LINES, LineStream
from agent.net.tls import Trust
from agent.probes.smtp.replies import read_reply
from shared.wire.failures import FailureKind
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.scripted_server import Hang, Pause, Raw, Reset, Script, Tls, playing


async def connected(port: int) -> LineStream:
    return await LineStream.connect(ADDRESS, port, Transcript())


async def test_tests_of_probes_run_on_uvloop() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


async def test_lines_come_whole_whatever_the_pieces() -> None:
    async with playing((Raw(b"one\r\ntw"), Pause(0.02), Raw(b"o\r\n\r\nthree\n"))) as server:
        stream = await connected(server.port)
        assert [await stream.read_line() for _ in range(4)] == [b"one", b"two", b"", b"three"]
        with pytest.raises(EOFError):
            await stream.read_line()
        stream.close()
        await server.all_closed()


async def test_what_came_before_a_reset_may_be_lost_but_the_reset_is_reported() -> None:
    async with playing((Raw(b"one\r\n"), Pause(0.02), Reset())) as server:
        stream = await connected(server.port)
        with pytest.raises(ConnectionResetError):
            await _all_lines(stream)
        stream.close()


async def _all_lines(stream: LineStream) -> list[bytes]:
    lines = []
    while True:
        lines.append(await stream.read_line())


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        pytest.param((Raw(b"x" * (LONGEST_LINE + 1) + b"\r\n"), Hang()), 1, id="a line too long"),
        pytest.param((Raw(b"x" * (LONGEST_LINE + 1)), Hang()), 1, id="a line too long, without its end"),
        pytest.param((Raw(b"\n", MOST_LINES + 1), Hang()), MOST_LINES + 1, id="too many lines"),
        pytest.param((Raw(b"x" * 4095 + b"\n", 65), Hang()), 65, id="too many bytes"),
    ],
)
async def test_bounds(script: Script, lines: int) -> None:
    async with playing(script) as server:
        stream = await connected(server.port)
        for _ in range(lines - 1):
            await stream.read_line()
        with pytest.raises(CheckError) as caught:
            await stream.read_line()
        assert caught.value.kind is FailureKind.REPLY_TOO_LONG
        stream.close()
        await server.all_closed()


async def test_a_flood_is_not_read_into_memory() -> None:
    async with playing((Raw(b"x" * 65536, 1000),)) as server:
        stream = await connected(server.port)
        with pytest.raises(CheckError):
            await stream.read_line()
        await asyncio.sleep(0.05)
        assert len(stream._unread()) < 1_000_000
        stream.close()
        await server.all_closed()


async def test_tls_in_the_middle_hides_what_follows(certificates: Certificates) -> None:
    script = ("S: go", Tls(), "C: hello", "S: secret", Raw(b"x" * 8000 + b"\r\n", 20), "C: bye")
    async with playing(script, certificates) as server:
        stream = await connected(server.port)
        assert await stream.read_line() == b"go"
        assert not stream.encrypted
        session = await stream.start_tls(Trust(certificates.roots).context, ADDRESS)
        assert stream.encrypted
        assert session.version() == "TLSv1.3"
        stream.write(b"hello\r\n")
        assert await stream.read_line() == b"secret"
        for _ in range(20):
            assert await stream.read_line() == b"x" * 8000
        stream.write(b"bye\r\n")
        stream.close()
        await server.all_closed()
        assert server.received == ["hello", "bye"]


async def test_what_is_written_before_close_arrives() -> None:
    async with playing(("S: hi", "C: bye")) as server:
        stream = await connected(server.port)
        await stream.read_line()
        stream.write(b"bye\r\n")
        stream.close()
        await server.all_closed()
        assert server.received == ["bye"]


async def test_a_server_that_ends_tls_properly_has_closed(certificates: Certificates) -> None:
    async with playing((Tls(), "S: hi"), certificates) as server:
        stream = await connected(server.port)
        await stream.start_tls(Trust(certificates.roots).context, ADDRESS)
        assert await stream.read_line() == b"hi"
        with pytest.raises(EOFError):
            await stream.read_line()
        stream.close()


async def test_words_before_tls_are_never_read_as_if_encrypted(certificates: Certificates) -> None:
    async with playing((Raw(b"go\r\ninjected\r\n"), Tls()), certificates) as server:
        stream = await connected(server.port)
        await stream.read_line()
        with pytest.raises(CheckError) as caught:
            await stream.start_tls(Trust(certificates.roots).context, ADDRESS)
        assert caught.value.kind is FailureKind.STARTTLS_INJECTION
        stream.close()


async def test_broken_records_are_a_tls_error(certificates: Certificates) -> None:
    async with playing((Raw(b"\x16\x03\x01\x00\x05junk!"),), certificates) as server:
        stream = await connected(server.port)
        with pytest.raises(ssl.SSLError):
            await stream.start_tls(Trust(certificates.roots).context, ADDRESS)
        stream.close()


async def test_what_has_come_can_be_read_without_waiting() -> None:
    async with playing((Raw(b"250-a\r\n250-b\r\n250 c\r\nhal"), Hang())) as server:
        stream = await connected(server.port)
        assert await stream.read_line() == b"250-a"
        assert [stream.ready_line() for _ in range(3)] == [b"250-b", b"250 c", None]
        stream.close()


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 7, 11, 19])
async def test_bytes_are_read_over_wherever_they_end(count: int) -> None:
    sent = b"abcd\r\nef\nghij\nklmnopq\r\n"
    async with playing((Raw(b"go\r\n" + sent[:9]), Pause(0.02), Raw(sent[9:]))) as server:
        stream = await connected(server.port)
        await stream.read_line()
        await stream.skip(count)
        assert await stream.read_line() == sent[count:].partition(b"\n")[0].removesuffix(b"\r")
        stream.close()


async def test_a_literal_longer_than_a_line_may_be_is_read_over() -> None:
    async with playing((Raw(b"x" * 20_000 + b"end\r\n"),)) as server:
        stream = await connected(server.port)
        await stream.skip(20_000)
        assert await stream.read_line() == b"end"
        stream.close()


async def test_more_than_all_bytes_are_not_read_over() -> None:
    async with playing((Raw(b"x" * 65536, 100),)) as server:
        stream = await connected(server.port)
        for count in (MOST_BYTES - 1, 2):
            with pytest.raises(CheckError) if count == 2 else nullcontext():
                await stream.skip(count)
        with pytest.raises(CheckError):
            await stream.skip(MOST_BYTES + 1)
        stream.close()
        await server.all_closed()


async def test_no_line_within_the_bounds_is_lost_to_what_follows_them() -> None:
    line = b"x" * 4095 + b"\n"
    async with playing((Raw(line * 65), Hang())) as server:
        stream = await connected(server.port)
        for _ in range(MOST_BYTES // len(line)):
            assert await stream.read_line() == line[:-1]
        for _ in range(2):
            with pytest.raises(CheckError) as caught:
                await stream.read_line()
            assert caught.value.detail == f"more than {MOST_BYTES} bytes"
        stream.close()
        await server.all_closed()


@given(chunks=st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"220 x\r\n", b"250-a\r\n", b"\r\n"]))))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_arbitrary_bytes_in_arbitrary_pieces_end_in_a_reply_or_a_failure_of_ours(chunks: list[bytes]) -> None:
    async def read_all() -> None:
        stream = LineStream(ADDRESS, Transcript())
        for chunk in chunks:
            stream.data_received(chunk)
        stream.eof_received()
        for _ in range(len(b"".join(chunks)) + 1):
            try:
                async with asyncio.timeout(5):
                    await read_reply(stream)
            except EOFError:
                return
            except CheckError:
                continue
        pytest.fail("no read reached the end of the input")

    asyncio.run(read_all())
