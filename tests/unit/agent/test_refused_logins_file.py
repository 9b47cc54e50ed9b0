"""What an agent remembers of refused logins over a restart, and that a bad file costs nothing else."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from stat import S_IMODE
from uuid import uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from agent.throttling.refused_logins import (
    DIGEST_BYTES,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MOST_REFUSALS,
    MOST_REMEMBERED,
    Outcome,
    RefusedLogins,
    digest,
)
from agent.throttling.refused_logins_file import remembering
from shared.secret import Secret
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.targets import Login
from shared.wire.targets.imap import ImapTarget

REFUSED = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="no")
LOGIN = b"a login".ljust(DIGEST_BYTES)
NOON = 1_800_000_000.0


class Machine:
    """A machine whose clocks stand still unless `sleep` moves them; a restart sets its monotonic clock to zero."""

    def __init__(self) -> None:
        self.uptime = 500.0
        self.now = NOON

    def sleep(self, seconds: float) -> None:
        self.uptime += seconds
        self.now += seconds

    def restart(self) -> None:
        self.uptime = 0.0

    async def run(self, path: Path, refusals: int = 0) -> tuple[Failure | None, int]:
        """Start an agent, have LOGIN refused so many times, and stop it. Returns what it began with: the failure that
        it repeats instead of trying LOGIN, and how many logins it knew.
        """
        async with remembering(path, lambda: self.uptime, lambda: self.now) as logins:
            found = logins.withheld(LOGIN, self.uptime), len(logins)
            for _ in range(refusals):
                logins.record(LOGIN, Outcome.REFUSED, REFUSED, self.uptime)
        return found


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "refused-logins-de.json"


async def test_a_withheld_login_is_withheld_after_a_restart(machine: Machine, path: Path) -> None:
    await machine.run(path, MOST_REFUSALS)
    machine.restart()
    assert await machine.run(path) == (REFUSED, 1)


async def test_refusals_before_a_restart_count_after_it(machine: Machine, path: Path) -> None:
    for _ in range(MOST_REFUSALS):
        assert (await machine.run(path, 1))[0] is None
        machine.restart()
    assert (await machine.run(path))[0] == REFUSED


async def test_the_pause_goes_on_while_the_agent_is_away(machine: Machine, path: Path) -> None:
    await machine.run(path, MOST_REFUSALS)
    machine.sleep(FIRST_PAUSE_SECONDS - 1)
    machine.restart()
    assert (await machine.run(path))[0] == REFUSED
    machine.sleep(1)
    machine.restart()
    assert (await machine.run(path))[0] is None


async def test_a_clock_that_was_set_back_lengthens_no_pause(machine: Machine, path: Path) -> None:
    await machine.run(path, MOST_REFUSALS)
    machine.now -= 30 * 24 * 3600
    machine.restart()
    assert (await machine.run(path))[0] == REFUSED
    async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
        assert logins.withheld(LOGIN, machine.uptime + FIRST_PAUSE_SECONDS) is None


async def test_an_accepted_login_is_forgotten_after_a_restart_too(machine: Machine, path: Path) -> None:
    await machine.run(path, MOST_REFUSALS)
    async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
        logins.record(LOGIN, Outcome.ACCEPTED, None, machine.uptime)
    assert await machine.run(path) == (None, 0)


async def test_the_file_is_private_and_holds_neither_user_nor_password(machine: Machine, path: Path) -> None:
    key = Secret("the key of the location")
    login = Login("anna@example.test", Secret("hunter2"))
    made = digest(uuid4(), ImapTarget(host="imap.example.test", port=993), login, key)
    async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
        logins.record(made, Outcome.REFUSED, REFUSED, machine.uptime)
    assert _mode(path) == 0o600
    assert _mode(path.parent) == 0o700
    text = _content(path).decode()
    assert not [word for word in ("anna", "hunter2", key.reveal(), "imap.example") if word in text]
    assert _all_names(path.parent) == [path.name]


def _one(**changes: object) -> dict[str, object]:
    entry = {"digest": "YSBsb2dpbiAgICAgICAgIA==", "failure": msgspec.to_builtins(REFUSED), "refusals": 3}
    return entry | {"nextTryIn": 900.0, "pause": 900.0} | changes


def _saved(*entries: dict[str, object], **changes: object) -> str:
    return msgspec.json.encode({"savedAt": NOON, "logins": entries} | changes).decode()


async def test_the_entries_of_the_next_test_would_be_read(machine: Machine, path: Path) -> None:
    _put(path, _saved(_one()))
    assert (await machine.run(path))[1] == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param(_saved(_one())[:-20], id="half a file"),
        pytest.param("[" * 100_000, id="nested too deeply"),
        pytest.param("[]", id="something else"),
        pytest.param(_saved(_one(digest="c2hvcnQ=")), id="a digest of another length"),
        pytest.param(_saved(_one(refusals=0)), id="no refusal"),
        pytest.param(_saved(_one(nextTryIn=LONGEST_PAUSE_SECONDS + 1)), id="a try that is too far away"),
        pytest.param(_saved(_one(pause=-1.0)), id="a negative pause"),
        pytest.param(_saved(*[_one()] * (MOST_REMEMBERED + 1)), id="too many logins"),
        pytest.param(_saved(_one(), savedAt="yesterday"), id="no time"),
        pytest.param("\udcff", id="not text"),
    ],
)
async def test_a_broken_file_is_said_and_replaced(content: str, machine: Machine, path: Path) -> None:
    _put(path, content)
    with capture_logs() as logged:
        assert await machine.run(path, MOST_REFUSALS) == (None, 0)
    assert [line["event"] for line in logged] == ["refused_logins_not_read"]
    assert (await machine.run(path))[0] == REFUSED


async def test_a_file_that_others_may_read_is_not_trusted_and_becomes_private(machine: Machine, path: Path) -> None:
    _put(path, _saved(_one()), mode=0o644)
    with capture_logs() as logged:
        assert await machine.run(path, 1) == (None, 0)
    assert [line["event"] for line in logged] == ["refused_logins_not_read"]
    assert _mode(path) == 0o600


async def test_a_folder_that_cannot_be_made_is_said_once_and_costs_only_the_memory(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.throttling.refused_logins_file.SAVE_SECONDS", 0.01)
    _put(tmp_path / "state", "a file, where the folder should be")
    path = tmp_path / "state" / "refused-logins-de.json"
    with capture_logs() as logged:
        async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
            for _ in range(MOST_REFUSALS):
                logins.record(LOGIN, Outcome.REFUSED, REFUSED, machine.uptime)
            assert logins.withheld(LOGIN, machine.uptime) == REFUSED
    assert len([line for line in logged if line["event"] == "refused_logins_not_saved"]) == 1


async def test_changes_are_saved_while_the_agent_runs(
    machine: Machine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that is killed has no end at which it could save."""
    monkeypatch.setattr("agent.throttling.refused_logins_file.SAVE_SECONDS", 0.01)
    async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
        for _ in range(MOST_REFUSALS):
            logins.record(LOGIN, Outcome.REFUSED, REFUSED, machine.uptime)
        while not _exists(path):
            await asyncio.sleep(0.02)
        kept, file = _content(path), _inode(path)
        await asyncio.sleep(0.1)
        assert _inode(path) == file  # what did not change is not written again
    _put(path, kept.decode())
    machine.restart()
    assert (await machine.run(path))[0] == REFUSED


async def test_no_more_logins_are_kept_than_are_remembered(machine: Machine, path: Path) -> None:
    many = [_one(digest=msgspec.to_builtins(os.urandom(DIGEST_BYTES))) for _ in range(MOST_REMEMBERED)]
    _put(path, _saved(*many))
    async with remembering(path, lambda: machine.uptime, lambda: machine.now) as logins:
        logins.record(LOGIN, Outcome.REFUSED, REFUSED, machine.uptime)
        assert len(logins) == MOST_REMEMBERED
    assert (await machine.run(path))[1] == MOST_REMEMBERED


async def test_without_a_file_nothing_is_kept() -> None:
    async with remembering(None) as logins:
        assert isinstance(logins, RefusedLogins)


def _put(path: Path, content: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    path.chmod(mode)


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _all_names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def _exists(path: Path) -> bool:
    return path.exists()


def _inode(path: Path) -> int:
    return path.stat().st_ino


def _mode(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)
