"""`mailprobe-agent doctor` as a program: what it finds on this machine, and its exit status."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from agent.symptoms import Examination, State, examine
from shared.bus import Bus
from shared.enrolment import Enrolment, write
from shared.targets import Secret
from tests.fakes.certificates import ADDRESS
from tests.fakes.scripted_server import closed_port
from tests.fakes.station import PRIVATE_KEY
from tests.integration.agent.at_work import plain_environment


async def doctor(*arguments: str, **settings: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "doctor", *arguments),
        env=plain_environment() | {f"MAILPROBE_{name}": value for name, value in settings.items()},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_every_port_of_mail_is_tried_at_the_hosts_given() -> None:
    status, out, err = await doctor(ADDRESS, CONTROL_NAME="localhost")
    assert err == ""
    assert status in {0, 1}  # whether this machine has IPv6 and a fast name server is its own matter
    for port in (25, 465, 587, 993, 995, 110, 143):
        assert re.search(rf"^fit +port {port} +{ADDRESS} (refused|\d+ ms)", out, re.MULTILINE), out
    assert re.search(r"^skipped +broker, clock ", out, re.MULTILINE)


async def test_name_servers_that_know_nothing_leave_nothing_to_check() -> None:
    status, out, _ = await doctor(CONTROL_NAME="nobody.invalid", PORT25_HOSTS="none")
    assert status == 2
    assert re.search(r"^unfit +name servers +nobody.invalid cannot be resolved", out, re.MULTILINE)
    assert re.search(r"^skipped +port 25 ", out, re.MULTILINE)


async def test_the_clock_is_compared_with_the_brokers(nats_url: str, bus: Bus, tmp_path: Path) -> None:
    enrolment = tmp_path / "de.json"
    write(enrolment, Enrolment(location="de", country="DE", nats_url=nats_url, sealing_key=PRIVATE_KEY))
    _, out, _ = await doctor("--enrolment", str(enrolment), CONTROL_NAME="localhost", PORT25_HOSTS="none")
    assert re.search(r"^fit +broker +answers in [\d.]+ ms", out, re.MULTILINE), out
    found = re.search(r"^fit +clock +(\d+) ms (ahead of|behind) the broker's", out, re.MULTILINE)
    assert found, out
    assert int(found[1]) < 500


async def test_a_broker_that_is_not_there_is_unfit_and_its_token_not_shown() -> None:
    url = f"nats://geheim@{ADDRESS}:{closed_port()}"
    asked = Examination(hosts=(), port25_hosts=(), control_name="localhost", nats_url=Secret(url))
    rows = await examine(asked)
    [broker] = [row for row in rows if row.what == "broker"]
    assert broker.state is State.UNFIT
    assert "geheim" not in repr(rows)


@pytest.mark.parametrize("arguments", [["no/host"], ["--unknown"], ["--enrolment", "/nowhere/file"]], ids=str)
async def test_wrong_usage_is_status_64(arguments: list[str]) -> None:
    status, out, err = await doctor(*arguments)
    assert (status, out) == (64, "")
    assert err
