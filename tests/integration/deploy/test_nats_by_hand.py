"""The nats-server that docs/operations.md configures by hand has all that Mailprobe needs, and what a mistake says."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from controller.broker.streams import ensure_check_consumer, ensure_streams
from controller.trust import keys
from deploy.local import binaries
from deploy.local.supervisor import supervising
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.integration.deploy.centre import OPERATIONS, Centre, Server
from tests.integration.deploy.snippets import snippet
from tests.integration.deploy.traffic import fetched
from tests.integration.pipeline.small_installation import eventually
from tests.integration.test_commands import run
from tests.integration.test_serve_settings import serve

PAGE = OPERATIONS.read_text()
TLS = re.compile(r"^tls \{.*?^\}\n", re.MULTILINE | re.DOTALL)
JETSTREAM = re.compile(r"^jetstream \{.*?^\}\n", re.MULTILINE | re.DOTALL)
RESOLVER = re.compile(r"^resolver \{.*?^\}\n", re.MULTILINE | re.DOTALL)


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


def by_hand(centre: Centre, text: str | None = None) -> Server:
    """A server with the configuration of the page, or with `text` made from it, in a folder of its own."""
    server = centre.server("single", "nats-1")
    text = snippet("nats-server") if text is None else text
    config = server.config.with_name("nats-server.conf")
    for path, there in {
        "/var/lib/nats/accounts": server.environ["NATS_ACCOUNTS"],
        "/var/lib/nats/store": server.environ["NATS_STORE"],
        "/etc/nats/certificate.pem": server.environ["NATS_CERTIFICATE"],
        "/etc/nats/key.pem": server.environ["NATS_KEY"],
        "0.0.0.0:4222": f"127.0.0.1:{server.ports['4222']}",
        ":8222": f":{server.ports['8222']}",
    }.items():
        text = text.replace(path, there)
    assert "/etc/" not in text
    assert "/var/lib/" not in text
    config.write_text(text)
    return dataclasses.replace(server, config=config)


def _kept_accounts(server: Server) -> list[Path]:
    return list(Path(server.environ["NATS_ACCOUNTS"]).glob("*.jwt"))


@pytest.mark.parametrize("domain", ["", "  domain: mailprobe\n"], ids=["as printed", "with a domain"])
async def test_controller_and_agent_work_with_the_server_of_the_page(centre: Centre, domain: str) -> None:
    server = by_hand(centre, snippet("nats-server").replace("jetstream {\n", f"jetstream {{\n{domain}"))
    tested = server.tested()
    assert tested.returncode == 0, tested.stderr
    location = Broker(server.url, centre.location("de-nbg", "DE"), centre.ca, location="de-nbg")
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with (
            Bus.open(centre.controller(server), name="controller") as bus,
            Bus.open(location, name="agent") as agent,
        ):
            await bus.wait_connected()
            await ensure_streams(bus)
            await ensure_check_consumer(bus, country="de", location="de-nbg", kind="smtp")
            await bus.publish(Message(subjects.check("de", "de-nbg", "smtp"), b"request", "id-1", 60))
            await agent.wait_connected()
            consumer = await agent.consumer(subjects.CHECKS, subjects.check_consumer("de-nbg", "smtp"))
            request = await fetched(consumer)
            assert request.body == b"request"
            await request.ack()
            await agent.publish(Message(subjects.result("de", "de-nbg"), b"found", "id-1"))
    assert len(_kept_accounts(server)) == 3 + 2 + len(centre.accounts)  # with those of `de` and `us`


def test_the_server_does_not_start_with_accounts_in_its_configuration(centre: Centre) -> None:
    server = by_hand(centre, f"{snippet('nats-server')}\naccounts {{ A: {{ users: [] }} }}\n")
    assert server.tested().returncode == 0
    command = [str(binaries.nats_server()), "--config", str(server.config)]
    started = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert started.returncode != 0
    assert "operators do not allow Accounts" in started.stderr


@asynccontextmanager
async def controller_beside(server: Server, centre: Centre, database_url: str) -> AsyncIterator[Path]:
    """A controller on this server, as a process; its log."""
    trust = centre.root / "controller.trust"
    keys.write(trust, centre.trust)
    ca = centre.root / "nats-ca.pem"
    ca.write_text(centre.ca)
    log = centre.root / "controller.log"
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with serve(database_url, server.url, trust, log, NATS_CA_FILE=str(ca), LOG_FORMAT="json"):
            yield log


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines()


async def _logged(log: Path, text: str) -> str:
    async def found() -> str:
        return next((line for line in _lines(log) if text in line), "")

    return await eventually(found)


async def test_a_controller_cuts_a_location_off_and_complains_of_nothing(
    centre: Centre, database_url: str, tmp_path: Path
) -> None:
    server = by_hand(centre)
    async with controller_beside(server, centre, database_url) as log:
        settings = {
            "DATABASE_URL": database_url,
            "NATS_URL": server.url,
            "TRUST_FILE": str(tmp_path / "controller.trust"),
        }
        for words in (
            ("add", "de-nbg", "--country", "DE", "--enrolment", f"{tmp_path}/de-nbg.agent"),
            ("disable", "de-nbg"),
        ):
            done = await asyncio.to_thread(run, "locations", *words, **settings)
            assert done.returncode == 0, done.stderr
        changed = json.loads(await _logged(log, "claims_changed"))
        assert (changed["servers"], changed["refused"], changed["revoked"]) == (1, 0, 1)
        waited = [line for line in map(json.loads, _lines(log)) if line["event"] == "loop_waits"]
        assert [line for line in waited if "stream not found" not in line["error"]] == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        pytest.param(
            (RESOLVER, "resolver: MEMORY\n"),
            "no server accepts claims: NATS needs a resolver of type full",
            id="a resolver in memory",
        ),
        pytest.param((re.compile("8GB"), "2GB"), "insufficient storage resources available", id="too little storage"),
        pytest.param((JETSTREAM, ""), "JetStream is not available on the broker", id="no JetStream"),
    ],
)
async def test_the_log_of_a_controller_says_what_is_wrong(
    centre: Centre, database_url: str, wrong: tuple[re.Pattern[str], str], text: str
) -> None:
    server = by_hand(centre, wrong[0].sub(wrong[1], snippet("nats-server")))
    assert text in PAGE
    async with controller_beside(server, centre, database_url) as log:
        assert json.loads(await _logged(log, text))["event"] == "loop_waits"


@pytest.mark.parametrize("wrong", ["trust", "authority", "no TLS"])
async def test_a_client_says_what_keeps_it_from_the_server(centre: Centre, wrong: str) -> None:
    text = snippet("nats-server")
    server = by_hand(centre, TLS.sub("", text) if wrong == "no TLS" else text)
    other = Centre(centre.root / "other")
    broker = centre.controller(server)
    if wrong == "trust":
        broker = broker._replace(credentials=other.controller(server).credentials)
    elif wrong == "authority":
        broker = broker._replace(ca=other.ca)
    expected = {
        "trust": "Authorization Violation",
        "authority": "certificate verify failed",
        "no TLS": "the server does not require TLS, which Mailprobe needs outside this machine",
    }[wrong]
    assert f"`{expected}`" in PAGE
    async with supervising() as supervisor:
        await supervisor.start(server.part())
        async with Bus.open(broker, name="controller") as bus, asyncio.timeout(20):
            while expected not in str(bus.last_error):
                await asyncio.sleep(0.02)
            assert not bus.connected
            with pytest.raises(BusError):
                await ensure_streams(bus)
