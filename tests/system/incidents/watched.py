"""A product with notifications: mail and web servers that keep what is sent, and a third country abroad.

From its beginning, what the agent abroad sends to one mail server is lost on the way, and another one greylists it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import asyncpg

from deploy.local.programs import program
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from tests.fakes.certificates import ADDRESS
from tests.fakes.installation import recorded
from tests.fakes.smtp_sink import Mail, SmtpSink
from tests.fakes.webhook_sink import Post, WebhookSink
from tests.system import monitors
from tests.system.drills.drill import ready
from tests.system.event_log import read_events
from tests.system.greylister import Greylister
from tests.system.product import REPOSITORY, Product, environ, eventually
from tests.system.regions.abroad import Abroad

HOME = ("DE", "FR")
ABROAD = "US"
CUSTOMER, OPS = "customer@sink.test", "ops@sink.test"
ORGANIZATION = "/organization"

Incident = dict[str, Any]


class Watch(NamedTuple):
    """A monitor with an e-mail address and a webhook of its own."""

    public_id: str
    number: int
    mailbox: str
    path: str
    secret: str


class Watched:
    """The product in HOME countries and, where this machine can have an `abroad`, in a third one."""

    def __init__(self, folder: Path, abroad: Abroad | None) -> None:
        self.abroad = abroad
        self.mail = SmtpSink()
        self.hooks = WebhookSink()
        allowed = ["127.0.0.0/8", *([abroad.network] if abroad else [])]
        self.product = Product(folder / "data", countries=" ".join(HOME), allow_networks=",".join(allowed))
        self.product.settings = {
            "MAILPROBE_SMTP_HOST": "127.0.0.1",
            "MAILPROBE_SMTP_PORT": str(self.mail.port),
            "MAILPROBE_SMTP_TLS": "none",
            "MAILPROBE_SMTP_FROM": "mailprobe@sink.test",
            "MAILPROBE_NOTIFY_ALLOW_NETWORKS": "127.0.0.0/8",
            "MAILPROBE_OPS_EMAIL": OPS,
        }
        self._parts = ExitStack()
        self._foreign: subprocess.Popen[bytes] | None = None
        self._relayed = ""
        self.lossy: Watch | None = None
        self.greylisted: Watch | None = None

    @property
    def countries(self) -> set[str]:
        return {*HOME, ABROAD} if self.abroad else {*HOME}

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self.mail)
            undo.enter_context(self.hooks)
            undo.callback(self.product.end)
            self.product.start()
            self._add_webhook("/organization")
            answer = self.product.api.patch("/api/customers/1", json={"notificationEmail": CUSTOMER})
            assert answer.status_code == 200, answer.text
            if self.abroad:
                self._open_abroad(undo, self.abroad)
            self._parts = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()

    def watch(self, name: str, port: int, **fields: Any) -> Watch:
        """A monitor with a mailbox and a webhook named after it; returns when each of its countries has checked it.

        Those abroad do not reach a server on loopback: without a `hostname` it is checked from HOME.
        """
        mailbox, path, secret = f"{name}@sink.test", f"/{name}", f"secret-of-{name}"
        countries = self.countries if "hostname" in fields else {*HOME}
        public_id = monitors.create(
            self.product,
            port,
            name=name,
            notificationEmail=mailbox,
            allowedCheckCountryCodes=sorted(countries),
            **({"smtpConfig": {"ignoreTls": True}} | fields),
        )
        answer = self.product.api.get(f"/api/smtp-monitors/{public_id}")
        made = Watch(public_id, int(answer.json()["id"]), mailbox, path, secret)
        self._add_webhook(path, secret=secret, smtpMonitorId=made.number)
        monitors.checks_from(self.product, public_id, countries, lambda _: True)
        return made

    def incidents(self, watch: Watch) -> list[Incident]:
        """All incidents that the monitor ever had, from the list of all."""
        answer = self.product.api.get("/api/incidents", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        return [incident for incident in answer.json() if incident["smtpMonitorId"] == watch.number]

    def incident(self, found: Incident) -> Any:
        answer = self.product.api.get(f"/api/incidents/{found['publicId']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def mails(self, watch: Watch) -> list[Mail]:
        return self.mail.to(watch.mailbox)

    def posts(self, watch: Watch) -> list[Post]:
        return self.hooks.at(watch.path)

    def webhook_events(self, name: str, *, at: str) -> list[str]:
        """The events that a webhook at this path received about a monitor of this name, in order."""
        return [post.headers["x-webhook-event"] for post in self.hooks.at(at) if name.encode() in post.body]

    def events(self, watch: Watch, kind: EventType) -> list[Any]:
        """The events of this kind and monitor in the event stream, in order: VerdictEvents or IncidentEvents."""
        shape: Any = {EventType.VERDICT: VerdictEvent, EventType.INCIDENT: IncidentEvent}[kind]
        return asyncio.run(read_events(recorded(self.product.record), kind, shape, monitor=watch.public_id))

    def sent_twice(self) -> list[str]:
        """What was sent more than once: the same text to the same receiver, apart from attempt numbers and times."""
        sent = [
            f"{recipient}: {mail.message['Message-ID']} {mail.message['Subject']}"
            for mail in self.mail.received
            for recipient in mail.recipients
        ]
        sent += [f"{post.path}: {post.body.decode()}" for post in self.hooks.received]
        return [words for words, times in Counter(sent).items() if times > 1]

    def nobody_notified(self, watch: Watch) -> bool:
        """Whether no notification names the monitor."""
        name = watch.path[1:]
        posted = any(name.encode() in post.body for post in list(self.hooks.received))
        mailed = any(name in mail.message.as_string() for mail in list(self.mail.received))
        return not posted and not mailed

    def verdict(self, watch: Watch) -> Any:
        """The stored verdict: up, degraded, partial, down or unknown; None before the first evaluation."""
        return self.query("SELECT verdict FROM monitor_state WHERE monitor_id = $1", watch.number)

    def query(self, query: str, *arguments: Any) -> Any:
        """The first value of a query's result."""

        async def fetch() -> Any:
            connection = await asyncpg.connect(self.product.record["databaseUrl"])
            try:
                return await connection.fetchval(query, *arguments)
            finally:
                await connection.close()

        return asyncio.run(fetch())

    @contextmanager
    def controller_killed(self) -> Iterator[None]:
        """Kill the controller; at the end another one is ready in its place."""
        killed = self.product.record["pids"]["controller"]
        os.kill(killed, signal.SIGKILL)
        try:
            yield
        finally:
            eventually(lambda: self.product.record["pids"]["controller"] != killed, "another controller")
            eventually(lambda: ready(str(self.product.api.base_url)), "it is ready")

    @contextmanager
    def without_agents(self) -> Iterator[None]:
        """Kill every agent; nobody starts them again until the end."""
        assert self.product.process
        os.kill(self.product.process.pid, signal.SIGSTOP)  # otherwise it would start them again within a second
        try:
            for part, pid in self.product.record["pids"].items():
                if part.startswith("agent-"):
                    os.kill(pid, signal.SIGKILL)
            self._kill_foreign()
            yield
        finally:
            os.kill(self.product.process.pid, signal.SIGCONT)
            if self.abroad:
                self._start_foreign(self.abroad)
            self._wait_for_all()

    def _add_webhook(self, path: str, **fields: Any) -> None:
        """Add a webhook channel that posts to this path of the sink."""
        secret = fields.pop("secret", "secret-of-the-organization")
        body = {"type": "webhook", "name": path, "config": {"url": self.hooks.address + path, "secret": secret}}
        answer = self.product.api.post("/api/notification-channels", json=body | fields)
        assert answer.status_code in (200, 201), answer.text

    def _open_abroad(self, undo: ExitStack, abroad: Abroad) -> None:
        """Add the location abroad, its agent, and the mail servers that it has problems with."""
        broker, lossy, greylisting = abroad.here
        lost = undo.enter_context(Greylister(lossy, blocked=()))
        greylister = undo.enter_context(Greylister(greylisting, blocked=[abroad.there]))
        record = self.product.record
        settings = {
            "MAILPROBE_DATABASE_URL": record["databaseUrl"],
            "MAILPROBE_NATS_URL": record["natsUrl"],
            "MAILPROBE_TRUST_FILE": record["trustFile"],
        }
        enrol = ["locations", "add", ABROAD.lower(), "--country", ABROAD, "--enrolment", str(self._enrolment)]
        subprocess.run(
            [program("mailprobe-controller"), *enrol], env=environ() | settings, capture_output=True, check=True
        )
        # Without TLS an agent connects only to its own machine, so one relay runs there and one leads to our loopback.
        port = self._relay(undo, [], broker, ADDRESS, urlsplit(record["natsUrl"]).port)
        self._relayed = f"nats://{ADDRESS}:{self._relay(undo, abroad.command([]), ADDRESS, broker, port)}"
        undo.callback(self._kill_foreign)
        self._start_foreign(abroad)
        self._wait_for_all()
        abroad.lose(lossy)
        self.lossy = self.watch("lossy", lost.port, hostname=lossy, timeoutSeconds=5)
        self.greylisted = self.watch("greylisted", greylister.port, hostname=greylisting)

    def _relay(self, undo: ExitStack, around: list[str], address: str, onward: str, port: int | None) -> int:
        """Relay what comes to this address; returns the port there."""
        relay = subprocess.Popen(
            [*around, sys.executable, "-m", "tests.system.relay", address, onward, str(port)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        undo.callback(relay.communicate)
        assert relay.stdout
        return int(relay.stdout.readline())

    @property
    def _enrolment(self) -> Path:
        return self.product.data / "enrolments" / f"{ABROAD.lower()}.json"

    def _start_foreign(self, abroad: Abroad) -> None:
        agent = ["run", "--processes", "1", "--enrolment", str(self._enrolment)]
        settings = {
            "MAILPROBE_NATS_URL": self._relayed,
            "MAILPROBE_ALLOW_NETWORKS": abroad.network,
            "MAILPROBE_PORT25_HOSTS": "none",
        }
        with self.product.console.open("ab") as console:
            self._foreign = subprocess.Popen(
                abroad.command([program("mailprobe-agent"), *agent]),
                env=environ() | settings,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def _kill_foreign(self) -> None:
        if self._foreign:
            self._foreign.kill()
            self._foreign.wait()
            self._foreign = None

    def _wait_for_all(self) -> None:
        def ready() -> bool:
            known = self.product.api.get("/api/locations").json()
            return {each["countryCode"] for each in known if each["agents"]} >= self.countries

        eventually(ready, "every location is ready")
