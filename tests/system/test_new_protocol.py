"""A protocol is added by a probe, its line in PROBES and its target, and is checked end to end without another change.

The product runs from a copy of its source that has learnt the beginnings of NNTP (RFC 3977, RFC 4643).
"""

from __future__ import annotations

import json
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.product import REPOSITORY, Product, environ, eventually

PASSWORD = "open-sesame-4713"

PROBE = """
from agent.connect import Connect
from agent.errors import CheckError
from agent.findings import Findings
from agent.net.stream import LineStream
from agent.phases import Phases
from shared.failures import FailureKind, Phase
from shared.targets import NntpTarget


async def probe(target: NntpTarget, connect: Connect, phases: Phases) -> Findings:
    stream = await connect()
    with phases(Phase.GREETING):
        greeting = (await stream.read_line()).decode()
    if target.login is not None:
        with phases(Phase.AUTH):
            await ask(stream, f"AUTHINFO USER {target.login.user}")
            if await ask(stream, f"AUTHINFO PASS {target.login.password.reveal()}") != "281":
                raise CheckError(FailureKind.LOGIN_REFUSED, "no")
    with phases(Phase.MAILBOX):
        found = await ask(stream, f"GROUP {target.group}")
    if found != "211":
        raise CheckError(FailureKind.MAILBOX_MISSING, found)
    with phases(Phase.QUIT):
        await ask(stream, "QUIT")
    return Findings(facts={"greeting": greeting})


async def ask(stream: LineStream, command: str) -> str:
    stream.write(command.encode() + b"\\r\\n")
    return (await stream.read_line())[:3].decode()
"""

TARGET = '''class NntpTarget(_MailServer, frozen=True, kw_only=True, tag="nntp"):
    """A news server."""

    port: int = 119
    group: str


'''

PROGRAM = """
import asyncio, json, sys
from uuid import UUID

from controller.errors import InvalidError
from controller.model import Principal, Role
from controller.operations import checks, monitors
from controller.store.pool import Database
from controller.vault import Vault, VaultKeys

KINDS = ("nntp",)
ADMIN = Principal(works_in=1, role=Role.ADMIN)


async def create(db, vault_keys, **fields):
    change = monitors.Change(name="news", hostname="127.0.0.1", interval_seconds=10, timeout_seconds=5, **fields)
    try:
        made = await monitors.create_monitor(db, Vault(VaultKeys(vault_keys)), ADMIN, KINDS, 1, change)
    except InvalidError as error:
        return {"field": error.field, "rule": error.rule}
    return {"id": str(made.public_id)}


async def history(db, public_id):
    found = await checks.check_history(db, ADMIN, KINDS, UUID(public_id), limit=10)
    return [
        {
            "status": check.status,
            "country": check.country_code,
            "facts": check.facts,
            "failure": check.failure and check.failure.kind,
            "phases": [timing.phase for timing in check.phases],
        }
        for check in found
    ]


async def main():
    url, what, arguments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    async with Database.open(url) as db:
        print(json.dumps(await {"create": create, "history": history}[what](db, **arguments)))

asyncio.run(main())
"""


class News(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"200 news.test ready\r\n")
        for line in self.rfile:
            answer = {
                b"AUTHINFO USER reader": b"381 go on",
                b"AUTHINFO PASS " + PASSWORD.encode(): b"281 welcome",
                b"GROUP misc.test": b"211 0 0 0 misc.test",
                b"QUIT": b"205 bye",
            }.get(line.strip(), b"411 what?")
            self.wfile.write(answer + b"\r\n")


class NewsServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def news_port() -> Iterator[int]:
    with NewsServer(("127.0.0.1", 0), News) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Our own source with the new protocol in it: one file more, and its lines in two."""
    copy = tmp_path / "source"
    for package in ("shared", "agent", "controller", "deploy"):
        shutil.copytree(REPOSITORY / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "agent/probes/nntp.py").write_text(PROBE)
    change(copy / "agent/probes/__init__.py", "\n}\n", "\n    NntpTarget: nntp.probe,\n}\n")
    change(copy / "agent/probes/__init__.py", "from shared", "from agent.probes import nntp\nfrom shared")
    change(copy / "agent/probes/__init__.py", "import ", "import NntpTarget, ", after="from shared.targets ")
    change(copy / "shared/targets.py", "Target = ", f"{TARGET}Target = NntpTarget | ", after="\n\n\n")
    return copy


def change(file: Path, old: str, new: str, *, after: str = "") -> None:
    text = file.read_text()
    assert text.count(after + old) == 1, f"{after + old!r} in {file}"
    file.write_text(text.replace(after + old, after + new))


@pytest.fixture
def product(tmp_path: Path, source: Path) -> Iterator[Product]:
    running = Product(tmp_path / "data", countries="DE")
    # The second keeps a `python -m` of ours from taking the working directory for its source.
    running.settings = {"PYTHONPATH": str(source), "PYTHONSAFEPATH": "1"}
    try:
        running.start()
        yield running
    finally:
        running.end()


def ask(product: Product, what: str, **arguments: Any) -> Any:
    """What the operations of the copy say: no group of routes has words for the new kind."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, product.record["databaseUrl"], what, json.dumps(arguments)],
        env=environ() | product.settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_new_protocol_is_checked_end_to_end(product: Product, news_port: int) -> None:
    keys = (product.data / "vault.key").read_text().strip()
    eventually(lambda: "nntp" in product.api.get("/api/locations").json()[0]["kinds"], "the new kind is known")

    refused = ask(product, "create", vault_keys=keys, config={"group": 5})
    assert (refused["field"], "str" in refused["rule"]) == ("config.group", True)
    assert ask(product, "create", vault_keys=keys, config={})["field"] == "config"

    config = {"group": "misc.test", "user": "reader", "password": PASSWORD}
    right = ask(product, "create", vault_keys=keys, port=news_port, config=config)["id"]
    wrong = ask(product, "create", vault_keys=keys, port=news_port, config={**config, "password": "x"})["id"]

    [check, *_] = eventually(lambda: ask(product, "history", public_id=right), "a result of the new kind")
    assert check == {
        "status": "success",
        "country": "DE",
        "facts": {"greeting": "200 news.test ready"},
        "failure": None,
        "phases": ["resolve", "connect", "greeting", "auth", "mailbox", "quit"],
    }
    [check, *_] = eventually(lambda: ask(product, "history", public_id=wrong), "a result of the other")
    assert (check["status"], check["failure"], check["phases"][-1]) == ("failure", "login_refused", "auth")
    for path in ("/api/smtp-monitors", "/api/imap-pop-monitors"):
        assert product.api.get(path).json()["total"] == 0
    assert PASSWORD not in product.output()
