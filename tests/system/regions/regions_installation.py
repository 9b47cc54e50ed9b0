"""An installation across regions, as ops run it: three NATS servers and two controllers in the centre, one agent with
its enrolment file in each region, and a mail server that counts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from controller.trust import keys
from deploy.local.children import with_death_signal
from deploy.local.programs import program
from shared.nats.broker import Broker
from shared.wire import subjects
from shared.wire.targets import KINDS
from tests.fakes.ports import free_port
from tests.integration.deploy.centre import Centre, Server
from tests.system.product import REPOSITORY, environ, eventually
from tests.system.regions.leaders import leaders_seen_at, until_all_is_led
from tests.system.regions.regions import CENTRE, CENTRE_ADDRESSES, MAIL, MAIL_ADDRESS, NETWORK, Regions

CONTROLLERS = ("controller-1", "controller-2")
NATS_SERVERS = ("nats-1", "nats-2", "nats-3")
_REPLICAS = 3
_START_SECONDS = 240
_STOP_SECONDS = 60
_RESTART_SECONDS = 1.0  # RestartSec of the units in deploy/systemd


class _Part(NamedTuple):
    """A program, the place where it runs, and its environment."""

    place: str
    command: Sequence[str]
    environ: Mapping[str, str]


class Installation:
    """`countries` by location; each location is a region of `regions`."""

    def __init__(self, folder: Path, regions: Regions, database_url: str, countries: Mapping[str, str]) -> None:
        self.regions = regions
        self.database_url = database_url
        self.countries = countries
        self.connections = folder / "connections"
        self.monitors: list[str] = []
        self._folder = folder
        self._servers: dict[str, Server] = {}
        self._addresses: dict[str, str] = {}
        self._parts: dict[str, _Part] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""
        self._rest = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._end)
            with self.regions.inside(CENTRE):
                self._lay_out()
            for name in self._servers:
                self._start(name)
            eventually(lambda: all(map(self.is_healthy, self._servers)), "NATS is ready")
            for name in CONTROLLERS:
                self._start(name)
            eventually(lambda: all(map(self.is_ready, CONTROLLERS)), "the controllers are ready")
            for location in self.countries:
                self._start(location)
            eventually(
                lambda: self.locations_with_agents() == {*self.countries}, "all locations are ready", _START_SECONDS
            )
            eventually(self._has_every_stream_and_consumer, "NATS leads every stream and consumer")
            self._rest = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._rest.close()

    def _lay_out(self) -> None:
        """Keys, certificates, the first organization, and an enrolment file for each location."""
        centre = self._folder / "centre"
        self._centre = Centre(centre, dict(zip(NATS_SERVERS, CENTRE_ADDRESSES, strict=True)))
        self._servers = {server.name: server for server in self._centre.cluster()}
        for name, server in self._servers.items():
            self._parts[name] = _Part(CENTRE, server.part().command, server.environ)
        trust, token = centre / "controller.trust", centre / "token"
        keys.write(trust, self._centre.trust)
        settings = {
            "MAILPROBE_DATABASE_URL": self.database_url,
            "MAILPROBE_NATS_URL": ",".join(server.url for server in self._servers.values()),
            "MAILPROBE_NATS_CA_FILE": str(self._centre.tls / "ca.pem"),
            "MAILPROBE_NATS_REPLICAS": str(_REPLICAS),
            "MAILPROBE_TRUST_FILE": str(trust),
            "MAILPROBE_RATE_LIMIT": "0",
        }
        settings["MAILPROBE_VAULT_KEYS"] = self._run_program(settings, "new-vault-key").strip()
        self._run_program(
            settings, "bootstrap", "--token-file", str(token), "--password-file", str(centre / "password")
        )
        self._token = token.read_text().strip()
        for name in CONTROLLERS:
            port = free_port()
            self._addresses[name] = f"http://127.0.0.1:{port}"
            served = environ() | settings | {"MAILPROBE_PORT": str(port)}
            self._parts[name] = _Part(CENTRE, [program("mailprobe-controller"), "serve"], served)
        for location, country in self.countries.items():
            enrolment = str(self._folder / f"{location}.agent")
            self._run_program(settings, "locations", "add", location, "--country", country, "--enrolment", enrolment)
            command = [program("mailprobe-agent"), "run", "--processes", "1", "--enrolment", enrolment]
            allowed = {"MAILPROBE_ALLOW_NETWORKS": NETWORK}
            self._parts[location] = _Part(location, command, environ() | allowed)

    def _run_program(self, settings: dict[str, str], *words: str) -> str:
        command = [program("mailprobe-controller"), *words]
        done = subprocess.run(
            command, env=environ() | settings, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def watch(self, monitors: Mapping[int, int]) -> None:
        """Start a mail server with a port for each monitor; `monitors` holds their number by interval in seconds."""
        intervals = [seconds for seconds, count in monitors.items() for _ in range(count)]
        arguments = [str(len(intervals)), str(self.connections), MAIL_ADDRESS]
        command = [sys.executable, "-m", "tests.system.mailserver", *arguments]
        with self.regions.inside(MAIL):
            server = subprocess.Popen(
                with_death_signal(command, signal.SIGKILL),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        self._rest.callback(server.communicate)
        self._rest.callback(server.kill)
        assert server.stdout
        for port, seconds in zip(json.loads(server.stdout.readline()), intervals, strict=True):
            body = {
                "customerId": 1,
                "name": f"mail server on {port}",
                "hostname": MAIL_ADDRESS,
                "port": port,
                "checkIntervalSeconds": seconds,
                "timeoutSeconds": 5,
                "smtpConfig": {"ignoreTls": True},
            }
            self.monitors.append(str(self.request("POST", "/api/smtp-monitors", json=body)["publicId"]))

    def disable_monitors(self) -> None:
        for monitor in self.monitors:
            self.request("PATCH", f"/api/smtp-monitors/{monitor}", json={"status": "disabled"})

    def request(self, method: str, path: str, **given: Any) -> Any:
        """The API's answer, from the first controller that can be reached."""
        with self.regions.inside(CENTRE):
            for address in self._addresses.values():
                try:
                    answer = httpx.request(
                        method,
                        address + path,
                        headers={"Authorization": f"Bearer {self._token}"},
                        timeout=30,
                        trust_env=False,
                        **given,
                    )
                except httpx.ConnectError:
                    continue
                assert answer.status_code == 200, answer.text
                return answer.json()
        raise AssertionError("no controller answers")

    def locations_with_agents(self) -> set[str]:
        return {str(here["code"]) for here in self.request("GET", "/api/locations") if here["agents"]}

    def is_ready(self, controller: str) -> bool:
        return self._answers_ok(f"{self._addresses[controller]}/readyz")

    def is_healthy(self, server: str) -> bool:
        """Whether this NATS server works and is up to date with the others."""
        return self._answers_ok(f"http://127.0.0.1:{self._servers[server].ports['8222']}/healthz")

    def _answers_ok(self, url: str) -> bool:
        with self.regions.inside(CENTRE):
            try:
                return httpx.get(url, timeout=2, trust_env=False).status_code == 200
            except httpx.HTTPError:
                return False

    def leaders(self) -> dict[str, list[str]]:
        """What each NATS server leads: `meta` (the cluster itself), streams, durable consumers; at "" what has no
        leader. Each server is queried about itself, because others name a dead one as leader until they elect another.
        A consumer that is not durable has one server, and dies with it: its reader makes another.
        """
        views = {name: self._leaders_seen_by(name) for name in self._servers}
        led = {name: [what for what, leader in views[name].items() if leader == name] for name in self._servers}
        everything = {"meta"}.union(*views.values())
        return led | {"": sorted(everything.difference(*led.values()))}

    def _leaders_seen_by(self, server: str) -> dict[str, str]:
        with self.regions.inside(CENTRE):
            return leaders_seen_at(f"http://127.0.0.1:{self._servers[server].ports['8222']}/jsz")

    def all_led(self, seconds: float) -> dict[str, list[str]]:
        """What each NATS server leads, as soon as all are healthy and lead everything."""
        return until_all_is_led(self.leaders, self._unhealthy, self._restart_unhealthy, seconds)

    def _unhealthy(self) -> list[str]:
        return [name for name in self._servers if not self.is_healthy(name)]

    def _restart_unhealthy(self) -> None:
        """Restart each server of NATS that is unhealthy when its turn comes, with 10 s at most between them."""
        for name in self._servers:
            if not self.is_healthy(name):
                self._stop([name], signal.SIGINT)
                self._start(name)
                with suppress(AssertionError):
                    eventually(partial(self.is_healthy, name), f"{name} is healthy", 10)

    def _has_every_stream_and_consumer(self) -> bool:
        """A new cluster needs some time, during which no check would run."""
        led = self.leaders()
        checks = {
            f"{subjects.CHECKS}/{subjects.check_consumer(location, kind)}"
            for location in self.countries
            for kind in KINDS
        }
        ingest = {f"{subjects.RESULTS}/{name}" for name in (subjects.INGEST, subjects.INGEST_BATCHES)}
        required = checks | ingest | {subjects.EVENTS}
        return not led[""] and required <= {name for names in led.values() for name in names}

    def broker(self) -> Broker:
        return self._centre.controller(*self._servers.values(), replicas=_REPLICAS)

    def pid(self, part: str) -> int:
        return self._running[part].pid

    def kill(self, part: str) -> None:
        """Kill it with -9."""
        self._running[part].kill()
        self._running[part].wait()

    def restart(self, part: str, after_seconds: float = _RESTART_SECONDS) -> None:
        """Start a dead part as systemd does; returns when it works."""
        time.sleep(after_seconds)
        self._start(part)
        well = self.is_healthy if part in self._servers else self.is_ready
        eventually(lambda: well(part), f"{part} works again")

    def errors(self) -> list[str]:
        """Lines of Mailprobe's logs that report a fault of its own."""
        parts = (*CONTROLLERS, *self.countries)
        return [f"{part}: {line}" for part in parts for line in _faults(self._log(part).read_text().splitlines())]

    def _log(self, part: str) -> Path:
        return self._folder / f"{part}.log"

    def _start(self, part: str) -> None:
        place, command, environment = self._parts[part]
        with self.regions.inside(place), self._log(part).open("ab") as log:
            self._running[part] = subprocess.Popen(
                with_death_signal(command, signal.SIGKILL),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self) -> None:
        """Stop agents and controllers in order, and NATS after them."""
        self._stop((*self.countries, *CONTROLLERS), signal.SIGTERM)
        self._stop(NATS_SERVERS, signal.SIGINT)

    def _stop(self, parts: Iterable[str], how: signal.Signals) -> None:
        here = [self._running[part] for part in parts if part in self._running]
        for process in here:
            if process.poll() is None:
                os.kill(process.pid, how)
        for process in here:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _faults(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if "Traceback" in line or '"level": "error"' in line]
