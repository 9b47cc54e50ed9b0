"""E-mail, sent to a real SMTP server that keeps what it receives."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from controller.notify.email.relay import Relay, RelayTls
from controller.notify.email.sender import EmailSender
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.notice import PlainNotice
from shared.secret import Secret
from tests.fakes.certificates import Certificates
from tests.fakes.notices import BEGAN, a_group_notice, a_notice, a_sending
from tests.fakes.ports import free_port
from tests.fakes.smtp_sink import Mail, SmtpSink
from tests.integration.notify.notification_case import headline

RECEIVER = "ops@example.com"


def relay(sink: SmtpSink, **fields: Any) -> Relay:
    given: dict[str, Any] = {"host": "localhost", "port": sink.port, "sender": "Mailprobe <probe@example.net>"}
    return Relay(**(given | {"tls": RelayTls.NONE} | fields))


async def one_mail(sink: SmtpSink, **fields: Any) -> Mail:
    await EmailSender(relay(sink)).send(a_sending(**fields))
    (mail,) = sink.received
    return mail


async def test_a_mail_says_in_words_what_happened_in_html_and_plain_text() -> None:
    with SmtpSink() as sink:
        mail = await one_mail(sink)
    assert (mail.sender, mail.recipients) == ("probe@example.net", [RECEIVER])
    assert mail.message["Subject"] == f"Down: Office mail \N{EN DASH} {a_notice().reason}"
    for kind in ("plain", "html"):
        text = mail.text(kind)
        for words in (
            "2 of 3 countries cannot connect: refused; US passes",
            "2026-03-01 12:00:00 CET (UTC+01:00)",
            "refused (connect): Connection refused",
            "smtp mx.example.com:25",
            "Bäckerei",
        ):
            assert words in text, f"{kind}: {words}"


async def test_a_thread_holds_whatever_the_length_of_the_senders_domain() -> None:
    """As bytes: a header that was encoded (RFC 2047) is decoded by Python, and by no mail program."""
    domain = f"{'monitoring-of-mail-servers.' * 3}example.net"
    first, second = uuid4(), uuid4()
    with SmtpSink() as sink:
        sender = EmailSender(relay(sink, sender=f"probe@{domain}"))
        await sender.send(a_sending(previous_keys=(first, second)))
    [mail] = sink.received
    lines = mail.message.as_bytes(policy=SMTP.clone(refold_source="none")).decode().split("\r\n")
    assert f"In-Reply-To: <{second}@{domain}>" in lines
    at = lines.index(f"References: <{first}@{domain}>")
    assert lines[at + 1] == f" <{second}@{domain}>"


async def test_automatic_replies_are_suppressed() -> None:
    with SmtpSink() as sink:
        mail = await one_mail(sink)
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["X-Auto-Response-Suppress"] == "All"


async def test_nobody_unsubscribes_from_an_outage_by_accident() -> None:
    """Mail programs show a button for List-Unsubscribe (RFC 8058); only digests have it."""
    with SmtpSink() as sink:
        await EmailSender(relay(sink)).send(a_sending())
        await EmailSender(relay(sink)).send(a_sending(notice=a_group_notice()))
    for mail in sink.received:
        assert mail.message["List-Unsubscribe"] is None
        assert mail.message["List-Unsubscribe-Post"] is None
        assert mail.message["Precedence"] is None


async def test_the_mails_of_an_incident_form_a_thread_and_a_repeat_has_the_same_id() -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    with SmtpSink() as sink:
        sender = EmailSender(relay(sink))
        await sender.send(a_sending(key=first))
        await sender.send(a_sending(key=first, attempt=2))
        await sender.send(a_sending(key=second, previous_keys=(first,), notice=a_notice("escalated")))
        await sender.send(a_sending(key=third, previous_keys=(first, second), notice=a_notice("resolved")))
    opened, again, escalated, resolved = (mail.message for mail in sink.received)
    assert opened["Message-ID"] == again["Message-ID"] == f"<{first}@example.net>"
    assert opened["References"] is None
    assert _ids(escalated, "References") == [opened["Message-ID"]]
    assert _ids(resolved, "References") == [opened["Message-ID"], escalated["Message-ID"]]
    assert _ids(resolved, "In-Reply-To") == [escalated["Message-ID"]]


async def test_a_long_thread_is_referenced_by_its_first_and_latest_mails() -> None:
    keys = tuple(uuid4() for _ in range(60))
    with SmtpSink() as sink:
        mail = await one_mail(sink, previous_keys=keys, notice=a_group_notice())
    found = _ids(mail.message, "References")
    assert found == [f"<{key}@example.net>" for key in (keys[0], *keys[-19:])]
    assert _ids(mail.message, "In-Reply-To") == [f"<{keys[-1]}@example.net>"]


def _ids(mail: EmailMessage, name: str) -> list[str]:
    return str(mail[name]).split()


async def test_ops_mails_about_one_problem_form_a_thread() -> None:
    notices = [
        PlainNotice(title="T", paragraphs=["P"], at=BEGAN, over=over, subject_id="s-1") for over in (False, True)
    ]
    with SmtpSink() as sink:
        for notice in notices:
            await EmailSender(relay(sink)).send(a_sending(notice=notice))
    assert [mail.message["References"] for mail in sink.received] == ["<s-1@example.net>"] * 2


@pytest.mark.parametrize(
    ("tls", "implicit"),
    [
        pytest.param(RelayTls.STARTTLS, False, id="STARTTLS required"),
        pytest.param(RelayTls.AUTO, False, id="STARTTLS where offered, required by the login"),
        pytest.param(RelayTls.IMPLICIT, True, id="TLS from the first byte"),
    ],
)
async def test_a_login_goes_over_tls(
    tls: RelayTls, implicit: bool, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.write(tmp_path)[0]))
    context = certificates.context("good")
    with SmtpSink(tls=context, implicit=implicit, login=("probe", "s3cret-word")) as sink:
        login = relay(sink, tls=tls, user="probe", password=Secret("s3cret-word"))
        await EmailSender(login).send(a_sending())
    (mail,) = sink.received
    assert (mail.encrypted, mail.user) == (True, "probe")


async def test_encryption_is_taken_where_it_is_offered(certificates: Certificates) -> None:
    """Without a login the relay's certificate authority need not be known (RFC 7435)."""
    with SmtpSink(tls=certificates.context("good")) as sink:
        await EmailSender(relay(sink, tls=RelayTls.AUTO)).send(a_sending())
    assert sink.received[0].encrypted


@pytest.mark.parametrize("tls", [RelayTls.STARTTLS, RelayTls.IMPLICIT])
async def test_a_certificate_of_an_unknown_authority_is_refused_for_now(
    tls: RelayTls, certificates: Certificates
) -> None:
    with SmtpSink(tls=certificates.context("good"), implicit=tls is RelayTls.IMPLICIT) as sink:
        with pytest.raises(DeliveryError, match=r"^the certificate of the mail relay is not valid: ") as error:
            await EmailSender(relay(sink, tls=tls)).send(a_sending())
        assert not error.value.permanent
        assert not sink.received


async def test_no_password_goes_to_a_relay_without_starttls() -> None:
    with SmtpSink(login=("probe", "s3cret-word")) as sink:
        with pytest.raises(DeliveryError) as error:
            await EmailSender(relay(sink, tls=RelayTls.AUTO, user="probe", password=Secret("s3cret-word"))).send(
                a_sending()
            )
        assert not error.value.permanent
        assert not sink.received


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        pytest.param("550 5.1.1 nobody of that name", True, id="550: no such mailbox, permanent"),
        pytest.param("552 5.2.2 mailbox full", True, id="552: permanent, as RFC 5321 says of 5yz"),
        pytest.param("450 4.2.0 greylisted", False, id="450: greylisted, temporary"),
        pytest.param("421 4.3.2 going away", False, id="421: closing the connection, temporary"),
    ],
)
async def test_a_refused_receiver_is_reported_with_the_relays_words(reply: str, permanent: bool) -> None:
    with SmtpSink() as sink:
        sink.refusals[RECEIVER] = reply
        with pytest.raises(DeliveryError) as error:
            await EmailSender(relay(sink)).send(a_sending())
    assert (error.value.permanent, error.value.status) == (permanent, int(reply[:3]))
    assert reply[4:] in str(error.value)


async def test_a_wrong_password_is_an_error_of_the_relay_and_is_not_shown() -> None:
    with SmtpSink(login=("probe", "right")) as sink:
        wrong = EmailSender(relay(sink, user="probe", password=Secret("wr0ng-word")))
        with pytest.raises(DeliveryError) as error:
            await wrong.send(a_sending())
    assert not error.value.permanent
    assert "wr0ng-word" not in str(error.value)


async def test_a_relay_that_does_not_answer_is_tried_again() -> None:
    closed = Relay(host="127.0.0.1", port=free_port(), sender="a@example.net", tls=RelayTls.NONE)
    with pytest.raises(DeliveryError, match=r"^cannot connect to the mail relay") as error:
        await EmailSender(closed).send(a_sending())
    assert not error.value.permanent


async def test_a_relay_that_closes_the_connection_is_reported_in_plain_words() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay\r\n")
        await reader.readline()
        writer.write(b"250 relay\r\n")
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        closing = Relay(host="127.0.0.1", port=port, sender="a@example.net", tls=RelayTls.NONE)
        with pytest.raises(DeliveryError, match=r"^the mail relay closed the connection$") as error:
            await EmailSender(closing).send(a_sending())
    assert not error.value.permanent


async def test_a_relay_that_scans_for_viruses_first_is_waited_for() -> None:
    """It accepts the mail in the end. A client that had hung up would send it twice."""
    with SmtpSink() as sink:
        sink.scan_seconds = 4.0
        await EmailSender(relay(sink), step_seconds=3.0).send(a_sending())
    assert len(sink.received) == 1


async def test_without_a_relay_the_error_says_why_nothing_is_sent() -> None:
    with pytest.raises(SkippedError, match="MAILPROBE_SMTP_HOST"):
        await EmailSender(None).send(a_sending())


async def test_an_international_domain_needs_no_relay_that_knows_of_such() -> None:
    with SmtpSink() as sink:
        await EmailSender(relay(sink)).send(a_sending(receiver="ops@bücher.example"))
    (mail,) = sink.received
    assert mail.recipients == [mail.message["To"]] == ["ops@xn--bcher-kva.example"]


async def test_an_international_mailbox_is_refused_for_good_by_a_relay_that_knows_of_none() -> None:
    with SmtpSink() as sink, pytest.raises(DeliveryError, match="international") as error:
        await EmailSender(relay(sink)).send(a_sending(receiver="müller@example.com"))
    assert error.value.permanent


async def test_a_monitors_name_cannot_write_headers() -> None:
    monitor = msgspec.structs.replace(a_notice().monitor, name="A\r\nBcc: x@example.com")
    with SmtpSink() as sink:
        mail = await one_mail(sink, notice=a_notice(monitor=monitor))
    assert mail.message["Bcc"] is None
    assert headline(mail.message["Subject"]) == "Down: A Bcc: x@example.com"
