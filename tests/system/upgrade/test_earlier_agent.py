"""An agent of an earlier version works on while controllers and other agents are of this one."""

from __future__ import annotations

import asyncio
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from controller.pipeline.location_registry import REFRESH_SECONDS
from deploy.local.programs import program
from shared.nats.bus import Bus
from shared.wire import subjects
from shared.wire.batches import requests_in
from shared.wire.messages import UNREADABLE_LOGIN, CheckRequest
from shared.wire.rounds import Purpose
from tests.fakes.folders import data_folder
from tests.fakes.installation import recorded
from tests.system.product import REPOSITORY, Product, environ, eventually
from tests.system.upgrade import earlier_agent

USER, PASSWORD = "alice", "open-sesame-4721"
_PAUSE_SECONDS = 1.0
GOLDEN = REPOSITORY / "tests/unit/shared/golden"

READS_GOLDEN = """
import sys
from pathlib import Path
import msgspec
from agent.checks.unsealed_logins import UnsealedLogins
from shared.wire import messages
from shared.wire.sealing import SealError, new_key_pair

for file in sorted(Path(sys.argv[1]).glob("*.json")):
    kind = getattr(messages, file.name.partition(".")[0], None)
    if kind is None:
        continue  # a kind of message that came later, which is not sent to it
    message = msgspec.json.decode(file.read_bytes(), type=kind)
    print(file.name, getattr(message, "sealed_login", None))
    if file.name == "CheckRequest.logins.json":
        assert message.sealed_login is not None, "it would check without the login"
        key = new_key_pair()[0]
        try:
            UnsealedLogins().open(message.sealed_logins, key, monitor=message.monitor_id, location=message.location)
        except SealError as error:
            print("refused:", error)
"""


class Mailbox(socketserver.StreamRequestHandler):
    """A POP3 server (RFC 1939) that admits one user."""

    def handle(self) -> None:
        self.wfile.write(b"+OK ready\r\n")
        for line in self.rfile:
            answer = {
                b"CAPA": b"+OK\r\nUSER\r\n.",
                b"USER " + USER.encode(): b"+OK",
                b"PASS " + PASSWORD.encode(): b"+OK",
                b"STAT": b"+OK 3 320",
                b"QUIT": b"+OK bye",
            }.get(line.strip(), b"-ERR what?")
            self.wfile.write(answer + b"\r\n")


class MailboxServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def mailbox_port() -> Iterator[int]:
    with MailboxServer(("127.0.0.1", 0), Mailbox) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return earlier_agent.install(tmp_path_factory.mktemp("earlier"))


@pytest.fixture
def product(installed: Path) -> Iterator[Product]:
    """With an agent of this version in DE."""
    with data_folder() as folder:
        running = Product(folder / "data", countries="DE")
        running.settings = {"MAILPROBE_CONTROL_NAME": "localhost"}
        try:
            running.start()
            yield running
        finally:
            running.end()


def test_it_reads_every_message_of_this_version_and_opens_no_login_that_it_would_leave_out(installed: Path) -> None:
    done = earlier_agent.runs(installed, "-c", READS_GOLDEN, str(GOLDEN))
    assert done.returncode == 0, done.stderr
    assert "refused:" in done.stdout
    where = earlier_agent.runs(installed, "-c", "import agent, shared; print(agent.__file__, shared.__file__)")
    assert where.stdout.split() == [str(installed / package / "__init__.py") for package in ("agent", "shared")]


def test_a_location_with_agents_of_both_versions_and_one_with_an_earlier_agent_alone(
    product: Product, installed: Path, mailbox_port: int, tmp_path: Path
) -> None:
    german = product.data / "enrolments" / "de.json"
    french = add_location(product, "fr", "FR", tmp_path)
    with (
        requests_seen(product) as seen,
        earlier_agent.running(installed, french, tmp_path / "fr", "alone") as alone,
    ):
        with earlier_agent.running(installed, german, tmp_path / "de", "earlier") as log:
            eventually(lambda: {"earlier"} < agents(product, "de"), "two agents in DE")
            eventually(lambda: agents(product, "fr") == {"alone"}, "an agent in FR")
            time.sleep(5 * REFRESH_SECONDS)  # until the controller that schedules has read of them
            monitor = create(product, mailbox_port)
            passed_with_login(product, monitor, "de", "earlier")
            passed_with_login(product, monitor, "de", None)
            passed_with_login(product, monitor, "fr", "alone")
            assert {(each.location, bool(each.logins)) for each in seen if each.sealed_logins} == {
                ("de", False),
                ("fr", False),
            }
        assert PASSWORD not in log.read_text()

        # Five minutes later:
        query(product, "UPDATE agent SET last_seen_at = last_seen_at - interval '5 minutes' WHERE name = 'earlier'")
        later = eventually(lambda: new_form(product, monitor, seen), "a request in the new form")
        assert later.sealed_login == UNREADABLE_LOGIN
        passed_with_login(product, monitor, "de", None, since=later)
        passed_with_login(product, monitor, "fr", "alone", since=later)
        assert not [each for each in seen if each.location == "fr" and each.logins]

        back = "SELECT max(back_at) FROM canary JOIN location ON location.id = location_id WHERE code = $1"
        eventually(lambda: query(product, back, "fr"), "a canary from FR is back")
        logged = alone.read_text()
        assert "agent_started" in logged
        assert not [word for word in ("request_refused", "request_failed", "check_crashed", PASSWORD) if word in logged]
    failures = query(product, "SELECT count(*) FROM result WHERE status <> 'success'")
    assert failures == 0


def create(product: Product, port: int) -> str:
    body = {
        "customerId": 1,
        "name": "a mailbox",
        "hostname": "127.0.0.1",
        "port": port,
        "checkIntervalSeconds": 10,
        "timeoutSeconds": 5,
        "imapPopConfig": {"protocol": "pop3", "user": USER, "password": PASSWORD},
    }
    answer = product.api.post("/api/imap-pop-monitors", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["publicId"])


def trigger(product: Product, monitor: str) -> None:
    answer = product.api.post(f"/api/imap-pop-monitors/{monitor}/trigger-check")
    assert answer.status_code == 200, answer.text


def passed_with_login(
    product: Product, monitor: str, location: str, agent: str | None, since: CheckRequest | None = None
) -> None:
    """Trigger checks until this agent of the location, or with None the one of this version, has passed one."""

    def checked() -> bool:
        trigger(product, monitor)
        time.sleep(_PAUSE_SECONDS)
        page = product.api.get("/api/results", params={"monitor": monitor, "location": location, "limit": 1000})
        ours = [each for each in page.json()["results"] if wanted(each)]
        for each in ours:
            found = (each["status"], "auth" in each["timings"], each["facts"].get("messages"))
            assert found == ("success", True, 3), each
        return bool(ours)

    def wanted(result: dict[str, Any]) -> bool:
        by_it = result["agent"] == agent if agent else result["agent"] not in ("earlier", "alone")
        return by_it and (since is None or result["dueAt"] >= f"{since.due_at:%Y-%m-%dT%H:%M:%S}")

    eventually(checked, f"a check by {agent or 'the agent of this version'} in {location}")


def new_form(product: Product, monitor: str, seen: list[CheckRequest]) -> CheckRequest | None:
    trigger(product, monitor)
    time.sleep(_PAUSE_SECONDS)
    return next((each for each in seen if each.purpose is Purpose.TRIGGERED and each.logins), None)


def agents(product: Product, code: str) -> set[str]:
    names = "SELECT array_agg(agent.name) FROM agent JOIN location ON location.id = location_id WHERE code = $1"
    return {*(query(product, names, code) or ())}


def add_location(product: Product, code: str, country: str, folder: Path) -> Path:
    """Add a location, and return the enrolment file of its agents."""
    record, file = product.record, folder / f"{code}.agent"
    settings = {"DATABASE_URL": "databaseUrl", "NATS_URL": "natsUrl", "TRUST_FILE": "trustFile"}
    command = [
        program("mailprobe-controller"),
        "locations",
        "add",
        code,
        "--country",
        country,
        "--enrolment",
        str(file),
    ]
    done = subprocess.run(
        command,
        env=environ() | {f"MAILPROBE_{name}": record[key] for name, key in settings.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return file


def query(product: Product, statement: str, *values: Any) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(product.record["databaseUrl"])
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    return asyncio.run(run())


@contextmanager
def requests_seen(product: Product) -> Iterator[list[CheckRequest]]:
    """The requests that controllers publish, but for canaries, as they come."""
    seen: list[CheckRequest] = []
    listening, stop = threading.Event(), threading.Event()

    async def listen() -> None:
        async with Bus.open(recorded(product.record), name="seen") as bus:
            await bus.wait_connected()
            reading = asyncio.create_task(read(bus))
            await asyncio.sleep(0)
            await bus.client.flush()
            listening.set()
            await asyncio.to_thread(stop.wait)
            reading.cancel()
            await asyncio.wait([reading])

    async def read(bus: Bus) -> None:
        async for message in bus.listen(subjects.ALL_CHECKS):
            if subjects.location_of_check(message.subject) is not None:
                requests = [msgspec.json.decode(one, type=CheckRequest) for one in requests_in(message.body)]
                seen.extend(request for request in requests if request.purpose is not Purpose.CANARY)

    thread = threading.Thread(target=lambda: asyncio.run(listen()))
    thread.start()
    try:
        assert listening.wait(30)
        yield seen
    finally:
        stop.set()
        thread.join()
