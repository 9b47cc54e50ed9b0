"""`trust show` says which keys are in use and which may be dropped; `allow-unsigned` and `refuse-unsigned` what must be
signed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.trust import keys, request_keys
from tests.integration.test_commands import fetchval, run
from tests.integration.trust.location_commands import LocationCommands, user


@pytest.fixture
def own_trust(commands: LocationCommands) -> Path:
    """A trust file of the test's own, because the test changes it."""
    file = commands.folder / "own.trust"
    keys.write(file, keys.new_trust())
    commands.settings["TRUST_FILE"] = str(file)
    return file


def trust(commands: LocationCommands, *words: str) -> str:
    done = run("trust", *words, **commands.settings)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


async def test_it_says_when_the_second_request_key_may_sign_and_the_first_be_dropped(
    commands: LocationCommands, own_trust: Path
) -> None:
    old_file = user(commands.add())
    trust(commands, "rotate-requests")
    first, second = request_keys.key_ids(keys.read(own_trust))
    shown = trust(commands, "show")
    assert f"  {first} signs\n" in shown
    assert f"{second} is accepted, does not sign, but may be unknown to agents of de" in shown
    assert "must not sign yet (--use); may be dropped (--drop)" in shown

    await commands.execute("UPDATE location_key SET last_used_at = now()")
    commands.rotate()
    shown = trust(commands, "show")
    assert "must not sign yet" in shown  # an agent still runs with the old file
    assert re.search(rf"{old_file} .* ends .*: an agent still has the old file", shown)

    await commands.execute("UPDATE location_key SET last_used_at = now() - interval '1 hour'")
    shown = trust(commands, "show")
    assert "may sign (--use)" in shown
    assert re.search(rf"{old_file} .*: no agent uses it", shown)
    trust(commands, "rotate-requests", "--use")
    assert f"  {second} signs\n" in trust(commands, "show")


async def test_files_of_an_earlier_version_are_not_assumed_to_hold_a_key(
    commands: LocationCommands, own_trust: Path
) -> None:
    commands.add()
    await commands.execute("UPDATE location_key SET request_keys = NULL")
    [only] = request_keys.key_ids(keys.read(own_trust))
    assert f"{only} signs, but may be unknown to agents of de" in trust(commands, "show")


async def test_it_says_what_is_revoked_and_until_when_that_must_be_kept(commands: LocationCommands) -> None:
    commands.add()
    commands.rotate("--now")
    shown = trust(commands, "show")
    assert "1 keys of locations: kept for ever" in shown
    assert "0 of subscribers: each is dropped a day after its login expires" in shown


async def test_unsigned_results_are_refused_and_allowed_by_command(commands: LocationCommands) -> None:
    commands.add()
    assert "de: unsigned results are accepted until all its agents have signed for 5 minutes" in trust(commands, "show")
    assert trust(commands, "refuse-unsigned", "DE") == "unsigned results of DE are refused\n"
    assert "de: unsigned results are refused since" in trust(commands, "show")
    trust(commands, "refuse-unsigned", "de")
    trust(commands, "allow-unsigned", "de")
    assert await fetchval(commands.url, "SELECT signed_only_from FROM location") is None
    done = run("trust", "allow-unsigned", "xx", **commands.settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no location 'xx'" in done.stderr
