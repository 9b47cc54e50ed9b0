"""The parts that run on this machine, the order of their start, and their settings.

A setting that names a real server takes precedence over the embedded one. Each part gets only the secrets it needs.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from signal import Signals

import structlog

from deploy.local import LocalError, nats, postgres
from deploy.local.data import DataFolder
from deploy.local.full_disk import FullDisk
from deploy.local.options import Options
from deploy.local.programs import environ, get_json, program, run
from deploy.local.supervisor import Part, Supervisor
from shared.private_files import write_private

log = structlog.get_logger()

CONTROLLER = "mailprobe-controller"
AGENT = "mailprobe-agent"
ADMIN_EMAIL = "admin@localhost"
_DATABASE = "mailprobe"
_READY_SECONDS = 20.0
_NOT_FOR_AGENTS = (
    *("DATABASE_URL", "VAULT_KEYS"),
    *("TRUST_FILE", "NATS_CREDENTIALS", "NATS_CA", "VERIFY_KEYS"),
    *("METRICS_HOST", "METRICS_PORT"),  # the controller's: several programs cannot share one port
    *("ENROLMENT", "LOCATION", "COUNTRY", "NATS_URL", "SEALING_KEY", "AGENT_NAME"),  # would override its enrolment file
)


@dataclass
class Composition:
    """Starts the parts one after the other. `announce` receives the text for the person who started it."""

    options: Options
    data: DataFolder
    supervisor: Supervisor
    announce: Callable[[str], None]
    settings: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    _postgres: postgres.Postgres | None = None
    _trust: str = ""
    _watching: asyncio.Task[None] | None = None

    @property
    def host(self) -> str:
        """Where the API is reached from this machine."""
        host = self.settings["HOST"]
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104

    @property
    def api_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.options.port}"

    @property
    def locations(self) -> list[str]:
        return [country.lower() for country in self.options.countries]

    async def start(self) -> None:
        """Return when every location is ready to check. Raises LocalError, OSError."""
        self.settings["HOST"] = os.environ.get("MAILPROBE_HOST") or "127.0.0.1"
        self.settings["PORT"] = str(self.options.port)
        self.settings["PUBLIC_URL"] = os.environ.get("MAILPROBE_PUBLIC_URL") or self.api_url
        self.settings["RATE_LIMIT"] = os.environ.get("MAILPROBE_RATE_LIMIT") or "0"  # the API has one user here
        if sys.stderr.isatty() and not os.environ.get("MAILPROBE_LOG_FORMAT"):
            self.settings["LOG_FORMAT"] = "console"
        await self._require_free_port()
        self.settings["DATABASE_URL"] = os.environ.get("MAILPROBE_DATABASE_URL") or await self._start_postgres()
        self._require_trust_file()
        self.settings["TRUST_FILE"] = os.environ.get("MAILPROBE_TRUST_FILE") or await self._trust_file()
        self._trust = await self._controller("trust", "nats-config")
        self.settings["NATS_URL"] = os.environ.get("MAILPROBE_NATS_URL") or await self._start_nats()
        self.settings["VAULT_KEYS"] = os.environ.get("MAILPROBE_VAULT_KEYS") or await self._vault_key()
        await self._controller("migrate")
        await self._bootstrap()
        await self._enrol()
        await self.supervisor.start(self._controller_part())
        await asyncio.gather(*(self.supervisor.start(self._agent_part(location)) for location in self.locations))
        login_link, _ = await asyncio.gather(self._login_link(), self._wait_for_locations())
        self.complete = True
        self.write_record()
        self.announce(self._welcome(login_link))

    async def stop(self) -> None:
        """Stop within 10 s: the agents, which send their last results, then the controller, NATS, and PostgreSQL."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self.supervisor.stop(*(f"agent-{location}" for location in self.locations))
        await self.supervisor.stop_all()
        if self._postgres:
            self._postgres.tidy()

    def write_record(self) -> None:
        """Rewrite `local.json` if everything has started. Raises OSError."""
        if self.complete:
            self.data.write_record(
                {
                    "apiUrl": self.api_url,
                    "token": self.data.secret(self.data.token),
                    "adminEmail": ADMIN_EMAIL,
                    "adminPassword": self.data.secret(self.data.password),
                    "natsUrl": self.settings["NATS_URL"],
                    "trustFile": self.settings["TRUST_FILE"],
                    "databaseUrl": self.settings["DATABASE_URL"],
                    "locations": self.locations,
                    "pids": self.supervisor.pids,
                }
            )

    async def _require_free_port(self) -> None:
        """Waits a moment, because the parts of a killed instance need time to end. Raises LocalError."""
        try:
            async with asyncio.timeout(2):
                while not nats.is_free(self.options.port, self.settings["HOST"]):  # noqa: ASYNC110 - no event exists
                    await asyncio.sleep(0.05)
        except TimeoutError:
            address = f"{self.settings['HOST']}:{self.options.port}"
            raise LocalError(f"cannot listen on {address}, perhaps it is in use: choose another PORT") from None

    async def _start_postgres(self) -> str:
        server = self._postgres = postgres.prepare(self.data.root / "postgres")
        await self.supervisor.start(server.part(self.data.log("postgres")))
        await server.make_database(_DATABASE)
        return server.url(_DATABASE)

    async def _start_nats(self) -> str:
        server = nats.prepare(self.data.root / "nats", self._trust)
        await self.supervisor.start(server.part(self.data.log("nats")))
        disk = FullDisk(self.supervisor, "nats", self.data.log("nats"), server.store)
        self._watching = asyncio.create_task(disk.watch(), name="full-disk")
        return server.url

    def _require_trust_file(self) -> None:
        """The user's own NATS server does not trust keys made here. Raises LocalError."""
        if os.environ.get("MAILPROBE_NATS_URL") and not os.environ.get("MAILPROBE_TRUST_FILE"):
            raise LocalError("MAILPROBE_NATS_URL needs MAILPROBE_TRUST_FILE too: the keys that this server trusts")

    async def _trust_file(self) -> str:
        path = self.data.trust
        if not path.exists():
            if self.data.enrolled():
                raise LocalError(
                    f"{path} is missing, and no location can log in without it: restore it, or remove"
                    f" {self.data.enrolments} to make new keys for every location"
                )
            await run(CONTROLLER, "trust", "new", "--file", str(path), settings={})
        return str(path)

    async def _vault_key(self) -> str:
        path = self.data.vault_key
        if not path.exists():
            write_private(path, await run(CONTROLLER, "new-vault-key", settings={}))
        return self.data.secret(path)

    async def _controller(self, *arguments: str) -> str:
        return await run(CONTROLLER, *arguments, settings=self.settings)

    async def _bootstrap(self) -> None:
        token, password = self.data.token, self.data.password
        files = ("--token-file", str(token), "--password-file", str(password))
        await self._controller("bootstrap", *files, "--email", ADMIN_EMAIL)
        for path in (token, password):
            if not path.exists():
                raise LocalError(f"the database has its first user already, but {path} is missing: restore it")

    async def _enrol(self) -> None:
        """Add locations that the database lacks, make new keys for those whose enrolment file is unusable, and write
        the present address of NATS into every enrolment file.
        """
        known = {line.split("\t")[0] for line in (await self._controller("locations", "list")).splitlines()}
        for country, location in zip(self.options.countries, self.locations, strict=True):
            enrolment = ("--enrolment", str(self.data.enrolment(location)))
            if location not in known:
                self.data.remove_enrolment(location)
                await self._controller("locations", "add", location, "--country", country, *enrolment)
            elif problem := self.data.enrolment_problem(location, self._trust):
                self.data.remove_enrolment(location)
                await self._controller("locations", "rotate", location, "--now", *enrolment)
                log.warning("location_given_new_keys", location=location, reason=problem)
            self.data.point_to_broker(location, self.settings["NATS_URL"])

    def _controller_part(self) -> Part:
        return Part(
            name="controller",
            command=[program(CONTROLLER), "serve"],
            environ=environ(self.settings | {"DRAIN_SECONDS": "2"}),
            ready=self._controller_ready,
            stop=((Signals.SIGTERM, 2.5),),
        )

    def _agent_part(self, location: str) -> Part:
        settings = {"ALLOW_NETWORKS": ",".join(self.options.allow_networks), "DRAIN_SECONDS": "3"}
        if self.options.allow_networks and not os.environ.get("MAILPROBE_PORT25_HOSTS"):
            settings["PORT25_HOSTS"] = "none"  # a port blocked by a home network is not blocked to the allowed networks
        if "LOG_FORMAT" in self.settings:
            settings["LOG_FORMAT"] = self.settings["LOG_FORMAT"]
        return Part(
            name=f"agent-{location}",
            command=[program(AGENT), "run", "--processes", "1", "--enrolment", str(self.data.enrolment(location))],
            environ=environ(settings, without=_NOT_FOR_AGENTS),
            stop=((Signals.SIGTERM, 3.5),),
        )

    async def _controller_ready(self) -> bool:
        status, _ = await get_json(self.host, self.options.port, "/readyz")
        return status == 200

    async def _wait_for_locations(self) -> None:
        """So that a monitor created right after the welcome is checked from every location."""
        token = self.data.secret(self.data.token)
        waiting = set(self.locations)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while waiting:
                    status, known = await get_json(self.host, self.options.port, "/api/locations", token)
                    if status == 401:
                        raise LocalError(f"the token in {self.data.token} is not valid for this database")
                    if status == 200:
                        waiting -= {each["code"] for each in known if each["agents"] or not each["enabled"]}
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("locations_without_agent", locations=sorted(waiting))

    async def _login_link(self) -> str | None:
        """A link with a one-time code, which must stay out of the record and of logs; None when nobody can log in."""
        try:
            return (await self._controller("login-link")).splitlines()[0]
        except LocalError as error:
            log.warning("no_login_link", reason=str(error))
            return None

    def _welcome(self, login_link: str | None) -> str:
        bearer = f'"Authorization: Bearer $(cat {shlex.quote(str(self.data.token))})"'
        dashboard = self.settings["PUBLIC_URL"]
        first = [
            f"Open the dashboard, logged in: {login_link}",
            f"  once, within 10 minutes; without scripts, paste what follows #code= at {dashboard}/login",
            "",
        ]
        lines = {
            "Dashboard": dashboard,
            "API": self.api_url,
            "Locations": " ".join(self.locations),
            "Token": f"in {self.data.token}",
            "Password": f"in {self.data.password}, of {ADMIN_EMAIL}",
            "Metrics": f"curl -fsS -H {bearer} {self.api_url}/metrics",
            "Try it": f"curl -fsS -H {bearer} {self.api_url}/api/locations",
        }
        running = ["Mailprobe runs.", *(f"  {name:<10} {text}" for name, text in lines.items()), ""]
        return "\n".join(["", *(first if login_link else []), *running])
