"""A protocol is added by a module for its probe with a line in PROBES, and by its target in the union of targets. It is
checked end to end without another change.

The product runs from a copy of its source to which the beginnings of NNTP (RFC 3977, RFC 4643) are added.
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
from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from agent.net.stream import LineStream
from shared.wire.failures import FailureKind, Phase
from shared.wire.targets import NntpTarget


async def probe(target: NntpTarget, connect: Connect, phases: Phases) -> Findings:
    stream = await connect()
    with phases(Phase.GREETING):
        greeting = (await stream.read_line()).decode()
    if target.login is not None:
        with phases(Phase.AUTH):
            await send(stream, f"AUTHINFO USER {target.login.user}")
            if await send(stream, f"AUTHINFO PASS {target.login.password.reveal()}") != "281":
                raise CheckError(FailureKind.LOGIN_REFUSED, "no")
    with phases(Phase.MAILBOX):
        found = await send(stream, f"GROUP {target.group}")
    if found != "211":
        raise CheckError(FailureKind.MAILBOX_MISSING, found)
    with phases(Phase.QUIT):
        await send(stream, "QUIT")
    return Findings(facts={"greeting": greeting})


async def send(stream: LineStream, command: str) -> str:
    stream.write(command.encode() + b"\\r\\n")
    return (await stream.read_line())[:3].decode()
"""

TARGET = '''class NntpTarget(_MailServer, frozen=True, kw_only=True, tag="nntp"):
    """A news server."""

    port: int = 119
    group: str


'''

PROGRAM = REPOSITORY / "tests/system/monitor_operations.py"


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
    """A copy of the source with the new protocol: a new module, and lines in two others."""
    copy = tmp_path / "source"
    for package in ("shared", "agent", "controller", "deploy"):
        shutil.copytree(REPOSITORY / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    probes, targets = copy / "agent/probes/__init__.py", copy / "shared/wire/targets.py"
    (copy / "agent/probes/nntp").mkdir()
    (copy / "agent/probes/nntp/__init__.py").write_text("")
    (copy / "agent/probes/nntp/dialogue.py").write_text(PROBE)
    change(probes, "\n}\n", "\n    NntpTarget: nntp.probe,\n}\n")
    change(
        probes,
        "from shared.wire.targets import "
        "from agent.probes.nntp import dialogue as nntp\nfrom shared.wire.targets import NntpTarget, ",
    )
    change(targets, "\n\n\nTarget = ", f"\n\n\n{TARGET}Target = NntpTarget | ")
    return copy


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file}"
    file.write_text(text.replace(old, new))


@pytest.fixture
def product(tmp_path: Path, source: Path) -> Iterator[Product]:
    running = Product(tmp_path / "data", countries="DE")
    # PYTHONSAFEPATH keeps `python -m` from importing the source in the working directory.
    running.settings = {"PYTHONPATH": str(source), "PYTHONSAFEPATH": "1"}
    try:
        running.start()
        yield running
    finally:
        running.end()


def operate(product: Product, operation: str, **arguments: Any) -> Any:
    """Call an operation of the copy, because no group of routes offers the new kind."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), product.record["databaseUrl"], operation, json.dumps(arguments)],
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

    refused = operate(product, "create", vault_keys=keys, config={"group": 5})
    assert (refused["field"], "str" in refused["rule"]) == ("config.group", True)
    assert operate(product, "create", vault_keys=keys, config={})["field"] == "config.group"

    config = {"group": "misc.test", "user": "reader", "password": PASSWORD}
    right = operate(product, "create", vault_keys=keys, port=news_port, config=config)["id"]
    wrong = operate(product, "create", vault_keys=keys, port=news_port, config={**config, "password": "x"})["id"]

    [check, *_] = eventually(lambda: operate(product, "history", public_id=right), "a result of the new kind")
    assert check == {
        "status": "success",
        "country": "DE",
        "facts": {"greeting": "200 news.test ready"},
        "failure": None,
        "phases": ["resolve", "connect", "greeting", "auth", "mailbox", "quit"],
    }
    [check, *_] = eventually(lambda: operate(product, "history", public_id=wrong), "a result of the other monitor")
    assert (check["status"], check["failure"], check["phases"][-1]) == ("failure", "login_refused", "auth")
    for path in ("/api/smtp-monitors", "/api/imap-pop-monitors"):
        assert product.api.get(path).json()["total"] == 0
    assert PASSWORD not in product.output()
