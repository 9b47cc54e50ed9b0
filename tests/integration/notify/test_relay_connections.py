"""A connection to the mail relay serves many mails, and its end is noticed."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from controller.notify.email.relay import MOST_CONNECTIONS, Relay, RelayTls
from controller.notify.email.sender import EmailSender
from controller.notify.errors import DeliveryError, Fault
from controller.notify.tls_context import RENEW_SECONDS, KeptTlsContext
from tests.fakes.certificates import Certificates
from tests.fakes.notices import a_sending
from tests.fakes.smtp_sink import SmtpSink


def relay(port: int, tls: RelayTls = RelayTls.NONE) -> Relay:
    return Relay(host="localhost", port=port, sender="probe@example.net", tls=tls)


async def test_mails_one_after_the_other_share_a_connection() -> None:
    with SmtpSink() as sink:
        async with EmailSender(relay(sink.port)).keeping_connections() as sender:
            for _ in range(5):
                await sender.send(a_sending())
        assert (len(sink.received), sink.greeted) == (5, 1)


async def test_mails_at_once_open_few_connections() -> None:
    with SmtpSink() as sink:
        sink.scan_seconds = 0.02
        async with EmailSender(relay(sink.port)).keeping_connections() as sender:
            await asyncio.gather(*(sender.send(a_sending()) for _ in range(4 * MOST_CONNECTIONS)))
        assert (len(sink.received), sink.greeted) == (4 * MOST_CONNECTIONS, MOST_CONNECTIONS)


async def test_a_refused_mail_leaves_the_connection_for_the_next() -> None:
    with SmtpSink() as sink:
        sink.refusals["ops@example.com"] = "550 5.1.1 nobody"
        async with EmailSender(relay(sink.port)).keeping_connections() as sender:
            with pytest.raises(DeliveryError) as error:
                await sender.send(a_sending())
            assert error.value.fault is Fault.MESSAGE
            await sender.send(a_sending(receiver="other@example.com"))
        assert (len(sink.received), sink.greeted) == (1, 1)


async def test_a_relay_that_was_restarted_gets_the_next_mail_at_once() -> None:
    with SmtpSink() as sink:
        async with EmailSender(relay(sink.port)).keeping_connections() as sender:
            await sender.send(a_sending())
            sink.stop()
            sink.start()
            await sender.send(a_sending())
        assert (len(sink.received), sink.greeted) == (2, 2)


@pytest.mark.parametrize("reply", [b"421 4.4.2 idle for too long\r\n", b""])
async def test_a_relay_that_ends_a_used_connection_gets_the_mail_on_a_new_one(reply: bytes) -> None:
    """With 421 (RFC 5321 section 3.8), or without a word. Nothing was handed over, so nothing is sent twice."""
    async with _ends_after_one_mail(reply) as (port, mails):
        async with EmailSender(relay(port)).keeping_connections() as sender:
            await sender.send(a_sending())
            await sender.send(a_sending())
        assert mails == [1, 1]


async def test_a_relay_that_has_no_time_at_all_is_not_tried_again_and_again() -> None:
    async with _ends_after_one_mail(b"421 4.3.2 no time\r\n", most=0) as (port, mails):
        async with EmailSender(relay(port)).keeping_connections() as sender:
            with pytest.raises(DeliveryError) as error:
                await sender.send(a_sending())
        assert (error.value.fault, error.value.permanent, mails) == (Fault.TRANSPORT, False, [0])


@asynccontextmanager
async def _ends_after_one_mail(reply: bytes, most: int = 1) -> AsyncIterator[tuple[int, list[int]]]:
    """A relay that answers a further MAIL with `reply` and closes; its port, and the mails of each connection."""
    mails: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(mails)
        mails.append(0)
        writer.write(b"220 relay\r\n")
        while line := await reader.readline():
            if line.startswith(b"MAIL") and mails[number] >= most:
                writer.write(reply)
                break
            if line.startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                mails[number] += 1
            writer.write(b"250 fine\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], mails


@pytest.fixture
def reading_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads in which the certificate authorities were read, once for each time."""
    threads: list[int] = []
    plain = ssl.SSLContext.load_default_certs

    def load(context: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        threads.append(threading.get_ident())
        plain(context, purpose)

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load)
    return threads


async def test_a_mail_without_tls_reads_no_certificate_authorities(reading_threads: list[int]) -> None:
    with SmtpSink() as sink:
        await EmailSender(relay(sink.port)).send(a_sending())
    assert reading_threads == []


async def test_many_connections_with_tls_read_the_authorities_once_and_off_the_event_loop(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reading_threads: list[int]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.write(tmp_path)[0]))
    with SmtpSink(tls=certificates.context("good")) as sink:
        sender = EmailSender(relay(sink.port, RelayTls.STARTTLS))
        for _ in range(3):
            await sender.send(a_sending())
        assert [mail.encrypted for mail in sink.received] == [True] * 3
    assert len(reading_threads) == 1
    assert reading_threads[0] != threading.get_ident()


async def test_a_kept_context_is_renewed_and_one_that_cannot_be_is_kept() -> None:
    now, made = 0.0, [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) for _ in range(2)]
    left = list(made)

    def make() -> ssl.SSLContext:
        if not left:
            raise FileNotFoundError("no bundle")
        return left.pop(0)

    kept = KeptTlsContext(make, clock=lambda: now)
    assert [await kept.current() for _ in range(2)] == [made[0]] * 2
    now = RENEW_SECONDS + 1
    assert [await kept.current() for _ in range(2)] == [made[1]] * 2
    now = 2 * RENEW_SECONDS + 2
    assert await kept.current() is made[1]
    with pytest.raises(FileNotFoundError):
        await KeptTlsContext(make).current()
