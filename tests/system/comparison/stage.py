"""A running product with four locations, two of which are on the other side of middleboxes, and who is notified."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from controller.decisions.notification.fact_subscriptions import FactSubscription
from deploy.local.programs import program
from shared.wire.events import VerdictEvent
from shared.wire.fact_events import FactEvent
from shared.wire.messages import EventType
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.installation import recorded
from tests.fakes.smtp_sink import Mail, SmtpSink
from tests.system import monitors
from tests.system.comparison.middlebox import Middlebox
from tests.system.event_log import read_events
from tests.system.product import Product, environ, eventually

HOME = ("DE", "FR")
ALONE, INFECTED = "US", "NL"
"""The location that some servers are altered for, and the one whose network alters every server."""
COUNTRIES = {*HOME, ALONE, INFECTED}

SERVERS = ("127.0.1.1", "127.0.2.1", "127.0.3.1")
"""Addresses of unrelated servers: each is in a network of its own."""

FOUND_SECONDS = 100
OPS = "ops@sink.test"
_SUBSCRIBER = "changes@sink.test"


class Watch(NamedTuple):
    """A monitor, and the device on the way to its server."""

    public_id: str
    name: str
    box: Middlebox


class Stage:
    def __init__(self, folder: Path, certificates: Certificates) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates.authority.issue_cert(ADDRESS, *SERVERS).configure_cert(context)
        self.server = SmtpSink(tls=context)
        self.mail = SmtpSink()
        self.product = Product(folder / "data", countries=" ".join(HOME))
        authority, _, _ = certificates.write(folder)
        self.product.settings = {
            "MAILPROBE_CA_FILE": str(authority),
            "MAILPROBE_CONTROL_NAME": "localhost",
            "MAILPROBE_SMTP_HOST": ADDRESS,
            "MAILPROBE_SMTP_PORT": str(self.mail.port),
            "MAILPROBE_SMTP_TLS": "none",
            "MAILPROBE_SMTP_FROM": "mailprobe@sink.test",
            "MAILPROBE_NOTIFY_ALLOW_NETWORKS": "127.0.0.0/8",
            "MAILPROBE_OPS_EMAIL": OPS,
        }
        self._certificates = certificates
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self.server)
            undo.enter_context(self.mail)
            undo.callback(self.product.end)
            self.product.start()
            for country in (ALONE, INFECTED):
                self._add_location(undo, country)
            eventually(self._all_ready, "every location is ready", 60)
            subscriber = {
                "name": "changes",
                "config": {"type": "email", "to": [_SUBSCRIBER]},
                "factChanges": [kind.value for kind in FactSubscription],
            }
            answer = self.product.api.post("/api/v1/channels", json=subscriber)
            assert answer.status_code == 201, answer.text
            self._parts = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()

    def box(self, addresses: Sequence[str] = (ADDRESS,)) -> Middlebox:
        """A device that leaves everybody alone so far; it is there until the end."""
        return self._parts.enter_context(Middlebox(self.server.port, self._certificates, addresses))

    def watch(self, name: str, box: Middlebox, **fields: Any) -> Watch:
        """A monitor of all locations."""
        usual = {"name": name, "allowedCheckCountryCodes": sorted(COUNTRIES)}
        return Watch(monitors.create(self.product, box.port, **(usual | fields)), name, box)

    def wait_until_up(self, watches: Iterable[Watch]) -> None:
        """Return when each location has checked them, and they are up."""
        for watch in watches:
            monitors.checks_from(self.product, watch.public_id, COUNTRIES, lambda check: check["status"] == "success")
            self.becomes(watch, "up")

    def becomes(self, watch: Watch, verdict: str) -> None:
        def reached() -> bool:
            found = self.product.api.get(f"/api/smtp-monitors/{watch.public_id}/details").json()["verdict"]
            return bool(found) and found["verdict"] == verdict

        eventually(reached, f"{watch.name} is {verdict}", 60)

    def verdicts(self, watch: Watch) -> list[str]:
        """Every verdict that the monitor had, by the event stream."""
        found = self._events(watch, EventType.VERDICT, VerdictEvent)
        return [one.verdict for one in found]

    def fact_events(self, watch: Watch) -> list[FactEvent]:
        return self._events(watch, EventType.FACT, FactEvent)

    def _events(self, watch: Watch, kind: EventType, shape: Any) -> list[Any]:
        return asyncio.run(read_events(recorded(self.product.record), kind, shape, monitor=watch.public_id))

    def feed(self, watch: Watch) -> list[dict[str, Any]]:
        """What the API says of changes, the oldest first."""
        answer = self.product.api.get("/api/v1/fact-changes", params={"monitor": watch.public_id})
        assert answer.status_code == 200, answer.text
        return list(reversed(answer.json()["items"]))

    def wait_for_changes(self, watch: Watch, number: int) -> None:
        """Three rounds of 10 s, the recheck 10 s later, and reserve for a machine under load."""
        eventually(lambda: len(self.feed(watch)) >= number, f"{number} changes of {watch.name}", FOUND_SECONDS)

    def notices(self, watch: Watch) -> list[Mail]:
        """The mails about changes, without those about incidents."""
        return [mail for mail in self.mail.to(_SUBSCRIBER) if f"/changes?monitor={watch.public_id}" in mail.text()]

    def _add_location(self, undo: ExitStack, country: str) -> None:
        """A location with an agent whose name in EHLO is its own."""
        record = self.product.record
        enrolment = self.product.data / "enrolments" / f"{country.lower()}.json"
        settings = {
            "MAILPROBE_DATABASE_URL": record["databaseUrl"],
            "MAILPROBE_NATS_URL": record["natsUrl"],
            "MAILPROBE_TRUST_FILE": record["trustFile"],
        }
        add = ["locations", "add", country.lower(), "--country", country, "--enrolment", str(enrolment)]
        subprocess.run(
            [program("mailprobe-controller"), *add], env=environ() | settings, capture_output=True, check=True
        )
        own = {
            "MAILPROBE_EHLO_NAME": name_of(country),
            "MAILPROBE_CA_FILE": self.product.settings["MAILPROBE_CA_FILE"],
            "MAILPROBE_CONTROL_NAME": "localhost",
            "MAILPROBE_ALLOW_NETWORKS": "127.0.0.0/8",
            "MAILPROBE_PORT25_HOSTS": "none",
            "MAILPROBE_STATE_FOLDER": str(self.product.data / "agents"),
        }
        with self.product.console.open("ab") as console:
            agent = subprocess.Popen(
                [program("mailprobe-agent"), "run", "--processes", "1", "--enrolment", str(enrolment)],
                env=environ() | own,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        undo.callback(agent.wait)
        undo.callback(agent.kill)

    def _all_ready(self) -> bool:
        known = self.product.api.get("/api/locations").json()
        return {here["countryCode"] for here in known if here["agents"]} == COUNTRIES


def name_of(country: str) -> str:
    """What the location's agent says in EHLO."""
    return f"{country.lower()}.probe.test"
