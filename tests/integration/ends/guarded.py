"""An installation whose nats-server is reached with TLS or without it, and what its programs write."""

from __future__ import annotations

import json
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from agent.settings import AuthorityText
from controller.broker.streams import ensure_check_consumer, ensure_streams
from controller.trust import keys
from controller.trust.account import account_claims, of_location
from controller.trust.claims import controller_credentials, system_credentials
from controller.trust.keys import Trust
from deploy.local import nats
from deploy.local.nats import Nats
from deploy.local.supervisor import Supervisor, supervising
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.credentials import parse
from shared.wire.enrolment import Enrolment
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import broker_config, enrolled
from tests.integration.agent.running_agent import until

_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"


@dataclass
class Guarded:
    """Keys and a nats-server. `ca` is the text of its authority, None without TLS."""

    folder: Path
    supervisor: Supervisor
    ca: str | None
    trust: Trust = field(default_factory=keys.new_trust)

    def __post_init__(self) -> None:
        self.server = self._prepared()

    @property
    def url(self) -> str:
        return self.server.url.replace("nats://", "tls://") if self.ca else self.server.url

    @property
    def broker(self) -> Broker:
        return Broker(self.url, controller_credentials(self.trust, utc_now()), self.ca)

    async def start(self) -> None:
        await self.supervisor.start(self.server.part(self.folder / "nats.log"))

    async def stop(self) -> None:
        await self.supervisor.stop("nats")

    async def make_streams(self) -> None:
        """The streams and consumers that a controller makes."""
        async with Bus.open(self.broker, name="test") as bus:
            await bus.wait_connected()
            await ensure_streams(bus)
            for kind in KINDS:
                await ensure_check_consumer(bus, country="DE", location="de", kind=kind)

    @property
    def authority(self) -> AuthorityText | None:
        return AuthorityText(self.ca) if self.ca else None

    async def refused_often(self, times: int) -> None:
        """Return when the server has refused so many logins."""
        log = self.folder / "nats.log"
        await until(lambda: log.read_text().count("authentication error") >= times, 60)

    def enrolment(self) -> Enrolment:
        made = enrolled(self.url, self.trust, PRIVATE_KEY)
        return msgspec.structs.replace(made, nats_ca=self.ca)

    async def end_keys(self, *ended: Enrolment) -> None:
        """Let nobody in with these keys any more; without any, everybody whose keys were ended may come back."""
        users = [parse(one.nats_credentials.reveal()).user for one in ended]
        claims = account_claims(self.trust, of_location(self.trust, "de"), utc_now(), users)
        async with Bus.open(Broker(self.url, system_credentials(self.trust, utc_now()), self.ca), name="test") as bus:
            await bus.wait_connected()
            answers = await bus.request_all(_UPDATE, claims.encode(), 5.0)
        assert [json.loads(answer)["data"]["code"] for answer in answers] == [200]

    async def replace_operator(self) -> None:
        """Start the server anew with keys of another installation, as after `trust new`; the old keys stay ours."""
        ours, self.trust = self.trust, keys.new_trust()
        await self.stop()
        self._forget()
        self.server = self._prepared()
        await self.start()
        self.trust = ours

    def _forget(self) -> None:
        for path in (self.folder / "claims").glob("*.jwt"):
            path.unlink()

    def _prepared(self) -> Nats:
        made = nats.prepare(self.folder, broker_config(self.trust))
        if self.ca:
            tls = (
                f'tls {{ cert_file: "{self.folder}/server.pem", key_file: "{self.folder}/server.key", timeout: 20 }}\n'
            )
            made.config.write_text(made.config.read_text() + tls)
        return made


@asynccontextmanager
async def guarded(folder: Path, certificates: Certificates, *, tls: bool) -> AsyncIterator[Guarded]:
    """A running server with the streams of a controller."""
    authority: str | None = None
    if tls:
        authority = certificates.write(folder)[0].read_text()
    async with supervising(pause_seconds=0.2) as supervisor:
        made = Guarded(folder, supervisor, authority)
        await made.start()
        await made.make_streams()
        yield made


class Written:
    """What a program has written to standard error, line by line."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.strange: list[str] = []
        """Lines that are not in our form, and lines of libraries."""

    async def read(self, process: Process) -> None:
        assert process.stderr
        async for raw in process.stderr:
            text = raw.decode(errors="replace").rstrip("\n")
            line = None
            with suppress(ValueError):
                line = json.loads(text)
            if isinstance(line, dict) and str(line.get("event", "")).replace("_", "").isalnum():
                self.lines.append(line)
            else:
                self.strange.append(text)

    def count(self, event: str) -> int:
        return sum(line["event"] == event for line in self.lines)

    def severe(self, allowed: Iterable[str] = ()) -> list[dict[str, Any]]:
        """Warnings and errors, but for these events and those that say how busy this machine is."""
        named = {*allowed, "capacity_changed"}
        return [line for line in self.lines if line["level"] not in {"debug", "info"} and line["event"] not in named]
