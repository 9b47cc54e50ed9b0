"""A mail server that keeps the mails it receives. It runs in its own thread, so that any kind of test can read them.

with SmtpSink() as sink: ... sink.port ... sink.to("ops@example.com")
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
import warnings
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.fakes.certificates import ADDRESS
from tests.fakes.ports import free_port

_PATIENCE_SECONDS = 30.0


class Mail(NamedTuple):
    """A mail that was accepted, and when (monotonic clock, seconds)."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    at: float
    encrypted: bool
    user: str | None

    def text(self, kind: str = "plain") -> str:
        """The text of its part `plain` or `html`."""
        part = self.message.get_body((kind,))
        assert part is not None, f"no {kind} part"
        return str(part.get_content())


class SmtpSink:
    """`refusals` maps a recipient to the reply it gets, as `550 5.1.1 nobody`, until the test removes it.

    `tls` is a server context: for every connection from its first byte (`implicit`), or by STARTTLS. If there is a
    `login`, mail is accepted only from clients that have logged in with it.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: tuple[str, str] | None = None
    ) -> None:
        self.received: list[Mail] = []
        self.greeted = 0
        """How many times a client has sent EHLO."""
        self.begun = 0
        """How many times a client has sent EHLO or MAIL."""
        self.refusals: dict[str, str] = {}
        self.scan_seconds = 0.0
        """How long a mail is scanned before it is accepted."""
        self.port = free_port()
        self._tls = tls
        self._implicit = implicit
        self._login = login
        self._go_on = threading.Event()
        self._go_on.set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def hold(self) -> None:
        """Give no answer to EHLO and MAIL until `release`."""
        self._go_on.clear()

    def release(self) -> None:
        self._go_on.set()

    def to(self, recipient: str) -> list[Mail]:
        return [mail for mail in list(self.received) if recipient in mail.recipients]

    def start(self) -> None:
        """Return when the sink listens; after `stop` it can be started again on the same port."""
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="smtp-sink")
        self._thread.start()
        assert started.wait(_PATIENCE_SECONDS), "the sink did not start"

    def stop(self) -> None:
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the sink did not stop"
        self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        open_now: set[SMTP] = set()

        def session() -> SMTP:
            with warnings.catch_warnings():
                # It warns of a login without STARTTLS, although with `implicit` the connection is encrypted.
                warnings.simplefilter("ignore")
                made = SMTP(
                    self,
                    hostname="sink.test",
                    loop=self._loop,
                    tls_context=None if self._implicit else self._tls,
                    require_starttls=self._tls is not None and not self._implicit,
                    auth_required=self._login is not None,
                    auth_require_tls=self._tls is not None and not self._implicit,
                    authenticator=self._authenticate,
                )
            open_now.add(made)
            return made

        server = await self._loop.create_server(
            session, ADDRESS, self.port, ssl=self._tls if self._implicit else None, reuse_address=True
        )
        started.set()
        await self._stopped.wait()
        server.close()
        for each in open_now:
            if isinstance(each.transport, asyncio.WriteTransport):
                each.transport.abort()
        await asyncio.sleep(0.01)  # lets the sessions notice

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        del server, envelope, mechanism
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        session.user = given[0] if given else None  # type: ignore[attr-defined]
        return AuthResult(success=given == self._login, handled=False)

    async def _held(self) -> None:
        self.begun += 1
        while not self._go_on.is_set():
            await asyncio.sleep(0.01)

    # aiosmtpd calls these methods.

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del server, envelope
        self.greeted += 1
        await self._held()
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        del server, session
        await self._held()
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 fine"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        del server, session, rcpt_options
        if refusal := self.refusals.get(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.sleep(self.scan_seconds)
        self.received.append(
            Mail(
                sender=str(envelope.mail_from),
                recipients=list(envelope.rcpt_tos),
                message=message_from_bytes(content, policy=policy.default),
                at=time.monotonic(),
                encrypted=session.ssl is not None or self._implicit,
                user=getattr(session, "user", None),
            )
        )
        return "250 2.0.0 kept"
