"""The parts that run on this machine, the order of their start, and their settings.

A setting that names a real server takes precedence over the embedded one. Each part gets only the secrets it needs.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import structlog

from deploy.local import LocalError, nats, postgres
from deploy.local.data import DataFolder
from deploy.local.full_disk import FullDisk
from deploy.local.options import Options
from deploy.local.parts import CONTROLLER, agent_part, controller_part
from deploy.local.programs import get_json, program, run
from deploy.local.progress import Progress
from deploy.local.supervisor import Part, Supervisor
from deploy.local.welcome import Welcome
from shared.private_files import write_private

log = structlog.get_logger()

ADMIN_EMAIL = "admin@localhost"
_DATABASE = "mailprobe"
_READY_SECONDS = 20.0
_STEPS = 8
_GIVEN = ("DATABASE_URL", "NATS_URL")


def steps() -> int:
    """How many steps the progress shows: servers that the person has set are not started."""
    return _STEPS - sum(bool(os.environ.get(f"MAILPROBE_{name}")) for name in _GIVEN)


@dataclass
class Composition:
    """Starts the parts one after the other, and says so."""

    options: Options
    data: DataFolder
    supervisor: Supervisor
    progress: Progress
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
        if self.progress.beside.isatty() and not os.environ.get("MAILPROBE_LOG_FORMAT"):
            self.settings["LOG_FORMAT"] = "console"
        await self._require_free_port()
        self._require_trust_file()
        with self._step("PostgreSQL", unless="DATABASE_URL"):
            self.settings["DATABASE_URL"] = os.environ.get("MAILPROBE_DATABASE_URL") or await self._start_postgres()
        with self._step("Keys of this installation"):
            self.settings["TRUST_FILE"] = os.environ.get("MAILPROBE_TRUST_FILE") or await self._trust_file()
            self._trust = await self._controller("trust", "nats-config")
            self.settings["VAULT_KEYS"] = os.environ.get("MAILPROBE_VAULT_KEYS") or await self._vault_key()
        with self._step("NATS", unless="NATS_URL"):
            self.settings["NATS_URL"] = os.environ.get("MAILPROBE_NATS_URL") or await self._start_nats()
        with self._step("Tables of the database"):
            await self._controller("migrate")
        with self._step("First account"):
            await self._bootstrap()
        with self._step("Token of this program, keys of the locations"):
            token_works, _ = await asyncio.gather(self._machine_token(), self._enrol())
        with self._step("Controller"):
            await self.supervisor.start(controller_part(self.settings, self._controller_ready))
        with self._step(f"Agents in {' '.join(self.locations)}"):
            await asyncio.gather(*(self.supervisor.start(self._agent_part(location)) for location in self.locations))
            (login_link, email), _ = await asyncio.gather(self._login_link(), self._wait_for_locations())
        self.complete = True
        self.write_record()
        self.progress.say(self._welcome(login_link, email, token_works=token_works).text())

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
                    "token": self.data.secret_or_none(self.data.token),
                    "adminEmail": ADMIN_EMAIL,
                    "adminPassword": self.data.secret_or_none(self.data.password),
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

    def _step(self, what: str, *, unless: str = "") -> AbstractContextManager[None]:
        """A step that the progress shows, unless the person has set what it would bring."""
        return nullcontext() if os.environ.get(f"MAILPROBE_{unless}") else self.progress.step(what)

    async def _bootstrap(self) -> None:
        """Make the first account with its files. Either file may be lost later: neither is needed to start."""
        files = ("--token-file", str(self.data.token), "--password-file", str(self.data.password))
        await self._controller("bootstrap", *files, "--email", ADMIN_EMAIL)

    async def _machine_token(self) -> bool:
        """Keep a token of our own. Returns whether the one in the person's file works."""
        files = ("--file", str(self.data.machine_token), "--check", str(self.data.token))
        said = await self._controller("machine-token", *files)
        return f"the token in {self.data.token} works" in said.splitlines()

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

    def _agent_part(self, location: str) -> Part:
        return agent_part(location, self.data, self.options.allow_networks, self.settings)

    async def _controller_ready(self) -> bool:
        """Whether our own controller answers: another program that took the port does not know our token."""
        status, _ = await get_json(self.host, self.options.port, "/readyz")
        return status == 200 and (await self._ask_for_locations())[0] == 200

    async def _ask_for_locations(self) -> tuple[int, Any]:
        token = self.data.secret(self.data.machine_token)
        return await get_json(self.host, self.options.port, "/api/locations", token)

    async def _wait_for_locations(self) -> None:
        """So that a monitor created right after the welcome is checked from every location."""
        waiting = set(self.locations)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while waiting:
                    status, known = await self._ask_for_locations()
                    if status == 401:  # revoked at this moment
                        await self._machine_token()
                    if status == 200:
                        waiting -= {each["code"] for each in known if each["agents"] or not each["enabled"]}
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("locations_without_agent", locations=sorted(waiting))

    async def _login_link(self) -> tuple[str | None, str]:
        """A link with a one-time code, which must stay out of the record and of logs, and whom it logs in; None when
        nobody can log in.
        """
        try:
            link, explained, *_ = (await self._controller("login-link")).splitlines()
        except LocalError as error:
            log.warning("no_login_link", reason=str(error))
            return None, ADMIN_EMAIL
        return link, explained.removeprefix("logs ").partition(" in, once")[0]

    def _welcome(self, login_link: str | None, email: str, *, token_works: bool) -> Welcome:
        # The address of the embedded database holds no secret; one that the person has set may hold a password.
        url = "" if os.environ.get("MAILPROBE_DATABASE_URL") else shlex.quote(self.settings["DATABASE_URL"])
        return Welcome(
            seconds=self.progress.seconds,
            data=self.data.root,
            dashboard=self.settings["PUBLIC_URL"],
            api=self.api_url,
            locations=self.locations,
            token=self.data.token,
            token_works=token_works,
            password=self.data.password,
            first_email=ADMIN_EMAIL,
            email=email,
            login_link=login_link,
            controller=program(CONTROLLER),
            database=url and f"MAILPROBE_DATABASE_URL={url}",
        )
