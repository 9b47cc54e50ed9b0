"""The key that requests are signed with is changed while agents run, by the commands that ops type."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from controller.trust import keys
from shared.wire.enrolment import Enrolment
from shared.wire.enrolment import read as read_enrolment
from shared.wire.signing import SIGNATURE, Signer, UnknownKeyError, Verifier
from tests.integration.test_commands import NATS_URL, add, run


def rotate(file: Path, *step: str, succeeds: bool = True) -> str:
    """What the command printed. Everything but the request keys must be as before."""
    before = keys.read(file)
    done = run("trust", "rotate-requests", "--trust-file", str(file), *step)
    assert done.returncode == (0 if succeeds else 1), done.stderr
    after = keys.read(file)
    assert keys.read(file).requests == before.requests or succeeds
    for name in ("operator", "account", "locations", "system_account"):
        assert getattr(after, name).reveal() == getattr(before, name).reveal()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    output = done.stdout + done.stderr
    assert not any(key.reveal() in output for key in [*after.requests, *before.requests])
    return output


def believes(enrolment: Enrolment, file: Path) -> bool:
    """Whether an agent with these keys accepts what a controller with this file signs."""
    signature = Signer(keys.read(file).requests[0]).headers("mailprobe.check.de.de.smtp", b"{}")[SIGNATURE]
    try:
        Verifier(enrolment.verify_keys).verify("mailprobe.check.de.de.smtp", b"{}", signature)
    except UnknownKeyError:
        return False
    return True


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "controller.trust"
    keys.write(path, keys.new_trust())
    return path


async def test_agents_believe_their_controllers_at_every_step(database_url: str, tmp_path: Path, file: Path) -> None:
    async def enrolled(code: str) -> Enrolment:
        folder = tmp_path / code
        folder.mkdir()
        done = add(folder, database_url, file, code, "--country", "DE", NATS_URL=NATS_URL)
        assert done.returncode == 0, done.stderr
        return read_enrolment(folder / "enrolment")

    first = await enrolled("before")
    assert "then --use" in rotate(file)
    second = await enrolled("between")
    assert believes(first, file)
    assert believes(second, file)
    assert "then --drop" in rotate(file, "--use")
    assert not believes(first, file)
    assert believes(second, file)
    rotate(file, "--use")  # the operator changes their mind
    assert believes(first, file)
    rotate(file, "--use")
    rotate(file, "--drop")
    assert believes(second, file)
    assert (await enrolled("after")).verify_keys == keys.verify_keys(keys.read(file))
    assert len(keys.read(file).requests) == 1


def test_steps_out_of_order_change_nothing(file: Path) -> None:
    for step in ("--use", "--drop"):
        assert "only one request key" in rotate(file, step, succeeds=False)
    rotate(file)
    assert "a second request key already" in rotate(file, succeeds=False)
