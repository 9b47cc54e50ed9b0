"""`mailprobe-agent check` as a program: what it prints, where a password may come from, and its exit status."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
from asyncio.subprocess import PIPE
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from shared.wire.failures import FailureKind
from shared.wire.messages import CheckResult
from tests.conftest import requires
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.scripted_server import Echo, Script, Tls, closed_port, playing
from tests.integration.agent.running_agent import plain_environment

POLITE: Script = ("S: 220 mail.test ready", "C: EHLO", "S: 250 mail.test", "C: QUIT", "S: 221 bye")
REFUSING: Script = (
    *("S: 220 x", "C: EHLO", "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH PLAIN"),
    *(Echo("535 5.7.8 received "), "C: QUIT", "S: 221 bye"),
)


class Done(NamedTuple):
    status: int
    out: str
    err: str


async def check(*arguments: str, **settings: str) -> Done:
    """Run the program to its end, without a terminal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "check", *arguments),
        env=plain_environment() | {"MAILPROBE_EHLO_NAME": "probe.test"} | settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


def shape(report: str) -> list[str]:
    """The report without figures, ports and bars."""
    text = re.sub(r"\d+\.\d+ ms", "0 ms", report).replace("█", "")
    return [re.sub(r" {2,}", "  ", line).strip() for line in re.sub(r":\d{4,5}\b", ":PORT", text).splitlines()]


@pytest.fixture
def ca_file(certificates: Certificates, tmp_path: Path) -> str:
    return write_roots(certificates, tmp_path / "ca.pem")


def write_roots(certificates: Certificates, path: Path) -> str:
    path.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in certificates.roots))
    return str(path)


async def test_a_passed_check_is_a_table_and_status_0() -> None:
    async with playing(POLITE) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--starttls", "never")
    assert done.err == ""
    assert done.status == 0
    lines = shape(done.out)
    assert lines[0] == f"smtp://{ADDRESS}:PORT at {ADDRESS}: up in 0 ms"
    phases = [line.split()[0] for line in lines[2:] if line.endswith("0 ms")]
    assert phases[:5] == ["resolve", "connect", "greeting", "ehlo", "quit"]
    assert "\033" not in done.out
    assert "█" in done.out


async def test_the_dialogue_is_shown_on_request() -> None:
    async with playing(POLITE) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--starttls", "required", "-v")
    assert done.status == 2
    assert "S: 220 mail.test ready" in done.out
    assert "C: EHLO probe.test" in done.out
    assert "starttls missing in phase starttls, by fault of the mail server" in done.out


async def test_the_dialogue_of_a_passed_check_is_shown_too() -> None:
    async with playing(POLITE) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--starttls", "never", "-v")
    assert done.status == 0
    assert "S: 221 bye" in done.out


async def test_a_terminal_gets_nothing_of_what_a_server_could_steer_it_with() -> None:
    """A terminal that knows only ASCII gets a table too."""
    hostile: Script = ("S: 220 \x1b[31m red \x07 ümläut", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 bye")
    async with playing(hostile) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--starttls", "never", "-v", PYTHONIOENCODING="ascii")
    assert (done.status, done.err) == (0, "")
    assert done.out.isascii()
    assert done.out.replace("\n", "").isprintable()
    assert "#" in done.out


async def test_json_is_the_result_of_the_wire() -> None:
    async with playing(POLITE) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--json")
    result = msgspec.json.decode(done.out, type=CheckResult)
    assert (done.status, result.failure, result.address) == (0, None, ADDRESS)
    assert done.out.count("\n") == 1


async def test_a_warning_is_degraded_and_status_1() -> None:
    async with playing(POLITE) as server:
        done = await check(f"smtp://{ADDRESS}:{server.port}", "--warning-ms", "0")
    assert done.status == 1
    assert "degraded" in done.out
    assert "warning  slow" in done.out


async def test_a_server_that_is_down_is_status_2() -> None:
    done = await check(f"imaps://{ADDRESS}:{closed_port()}")
    assert done.status == 2
    assert "failure  refused in phase connect, by fault of the mail server: Connection refused" in done.out


async def test_a_fault_of_our_own_is_status_3() -> None:
    """The control name cannot be resolved either, so the name servers here are to blame."""
    done = await check("pop3://mail.invalid", MAILPROBE_CONTROL_NAME="control.invalid")
    assert done.status == 3
    assert "by fault of the name servers here" in done.out


async def test_the_facts_of_tls_are_shown(certificates: Certificates, ca_file: str) -> None:
    async with playing((Tls(), *POLITE), certificates) as server:
        done = await check(f"smtps://{ADDRESS}:{server.port}", "--ca-file", ca_file)
    assert done.status == 0, done
    assert re.search(r"tls version +TLSv1\.[23]", done.out)
    assert re.search(r"certificate not after +\d{4}-", done.out)


async def test_an_untrusted_certificate_fails_unless_verification_is_off(
    certificates: Certificates,
) -> None:
    async with playing((Tls(), *POLITE), certificates) as server:
        done = await check(f"smtps://{ADDRESS}:{server.port}", "--json", "--no-verify")
    assert done.status in {0, 1}, done
    async with playing((Tls(),), certificates) as server:
        done = await check(f"smtps://{ADDRESS}:{server.port}", "--json")
    failure = msgspec.json.decode(done.out, type=CheckResult).failure
    assert failure
    assert failure.kind is FailureKind.CERTIFICATE_UNTRUSTED


async def test_a_password_comes_from_the_environment_and_is_shown_nowhere() -> None:
    async with playing(REFUSING) as server:
        url = f"smtp://anna%40example.com@{ADDRESS}:{server.port}"
        done = await check(url, "--starttls", "never", "-v", MAILPROBE_PASSWORD="hunter2")
    assert done.status == 2
    assert "login refused in phase auth" in done.out
    assert "hunter2" not in done.out + done.err
    assert "aHVudGVyMg" not in done.out + done.err


async def test_a_password_is_sent_as_it_is_given() -> None:
    password = " two words "
    async with playing(REFUSING) as server:
        url = f"smtp://anna@{ADDRESS}:{server.port}"
        await check(url, "--starttls", "never", MAILPROBE_PASSWORD=password)
    encoded = b64encode(f"\0anna\0{password}".encode()).decode()
    assert f"AUTH PLAIN {encoded}" in server.received


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "JSON"])
async def test_a_reader_that_has_gone_changes_nothing(options: list[str]) -> None:
    """`mailprobe-agent check ... | head -1` ends without an error message and with the status of the check."""
    ours, theirs = os.pipe()
    os.close(ours)
    assert await _into(theirs, *options) == (2, "")


async def test_a_report_that_cannot_be_written_is_our_own_fault() -> None:
    """Python's own exit status for this would mean that the check passed with warnings."""
    requires(sys.platform == "linux", "/dev/full")
    status, err = await _into(os.open("/dev/full", os.O_WRONLY))
    assert status == 3
    assert "No space left on device" in err


async def _into(descriptor: int, *options: str) -> tuple[int, str]:
    """Status and error output of a check that finds a server down and writes to `descriptor`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "check", f"smtp://{ADDRESS}:{closed_port()}", *options),
        env=plain_environment(),
        stdout=descriptor,
        stderr=PIPE,
    )
    os.close(descriptor)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, err.decode()


async def test_the_terminal_prompts_for_a_password_and_does_not_show_it() -> None:
    """A terminal shows colours too, unless NO_COLOR is set."""
    for no_color in ("", "1"):
        async with playing(REFUSING) as server:
            screen = await _at_terminal(
                [f"smtp://anna@{ADDRESS}:{server.port}", "--starttls", "never"], b"hunter2\n", NO_COLOR=no_color
            )
            assert any(line.startswith("AUTH PLAIN") for line in server.received)
        assert "Password of anna: " in screen
        assert "login refused" in screen
        assert "hunter2" not in screen
        assert ("\033[31m" in screen) == (not no_color)


async def _at_terminal(arguments: list[str], typed: bytes, **settings: str) -> str:
    """Everything that appears on the terminal of a program; `typed` is typed when its prompt appears."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *("setsid", "--ctty", sys.executable, "-m", "agent", "check", *arguments),
        env=plain_environment() | settings,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen, answered = b"", False
    try:
        with suppress(OSError):  # a terminal ends like this when its program has ended
            while piece := await asyncio.wait_for(asyncio.to_thread(os.read, ours, 4096), 30):
                screen += piece
                if not answered and b"Password" in screen and b": " in screen:
                    answered = True
                    os.write(ours, typed)
        await asyncio.wait_for(process.wait(), 30)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        os.close(ours)
    return screen.decode()


async def test_a_password_that_cannot_be_prompted_for_is_wrong_usage() -> None:
    done = await check(f"imap://anna@{ADDRESS}:1")
    assert (done.status, done.out) == (64, "")
    assert "MAILPROBE_PASSWORD" in done.err


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["check", "--help"], ["doctor", "--help"]], ids=str)
async def test_every_command_has_help(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "agent", *command, stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert b"usage: mailprobe-agent" in out
