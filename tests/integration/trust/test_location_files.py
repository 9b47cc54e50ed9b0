"""Enrolment files and rows of a location: both are written or neither, whichever step fails."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from controller.store.platform.pool import Database
from shared.wire import enrolment
from tests.integration.test_commands import begin, files, run
from tests.integration.trust.location_commands import LocationCommands, opened_by, rotate, user


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["rotate", "nowhere"], 1, id="an unknown location"),
        pytest.param(["rotate", "d e"], 1, id="an invalid code"),
        pytest.param(["rotate", "de", "--now", "--keep-days", "1"], 2, id="both now and later"),
        pytest.param(["rotate", "de", "--keep-hours", "0"], 2, id="zero hours"),
    ],
)
async def test_what_cannot_be_rotated_changes_nothing(
    commands: LocationCommands, words: list[str], status: int
) -> None:
    done = run("locations", *words, **commands.settings)
    assert (done.returncode, done.stdout) == (status, "")
    assert "Traceback" not in done.stderr
    assert files(commands.folder) == []


async def test_without_a_file_there_are_no_new_keys(commands: LocationCommands) -> None:
    made = commands.add()
    lost = commands.folder / "nowhere" / "de.agent"
    assert commands.refusal("rotate", "de", "--enrolment", str(lost)) == f"{lost}: No such file or directory"
    assert await commands.value("SELECT array_agg(nats_user) FROM location_key WHERE ends_at IS NULL") == [user(made)]


async def test_without_rows_the_old_file_stays(commands: LocationCommands) -> None:
    """The database refuses at the end, when the new file has already been written."""
    commands.add()
    before = commands.file.read_bytes()
    async with Database.open(commands.url) as database:
        async with database.connection() as connection:
            await connection.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON location DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse();
                """
            )
        with pytest.raises(asyncpg.RaiseError):
            await rotate(commands, database)
    assert commands.file.read_bytes() == before
    assert files(commands.folder) == [commands.file]


async def test_where_no_file_can_be_put_nothing_is_changed(commands: LocationCommands) -> None:
    made = commands.add()
    commands.file.unlink()
    commands.file.mkdir()
    assert (
        commands.refusal("rotate", "de", "--now", "--enrolment", str(commands.file))
        == f"{commands.file}: Is a directory"
    )
    refused = commands.refusal("add", "us", "--country", "US", "--enrolment", str(commands.file))
    assert refused.startswith(f"{commands.file} exists already")
    assert list(commands.folder.iterdir()) == [commands.file]
    assert await commands.value("SELECT array_agg(nats_user) FROM location_key") == [user(made)]
    assert await commands.revoked() == set()


async def test_a_file_that_fails_at_the_last_moment_leaves_the_keys_as_they_were(commands: LocationCommands) -> None:
    """The file's own name is short enough, but that of the temporary file beside it is not."""
    made = commands.add()
    file = commands.folder / ("d" * 250)
    assert commands.refusal("rotate", "de", "--now", "--enrolment", str(file)) == f"{file}: File name too long"
    assert files(commands.folder) == [commands.file]
    assert await opened_by(commands, made)
    assert user(made) not in await commands.revoked()


@pytest.mark.parametrize("command", [["add", "de", "--country", "DE"], ["rotate", "de", "--now"]], ids=lambda it: it[0])
async def test_a_file_that_outlives_its_command_is_of_no_use(commands: LocationCommands, command: list[str]) -> None:
    """The command is killed while the keys are being stored, when the file is in place."""
    old = commands.add() if command[0] == "rotate" else None
    await commands.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT OR UPDATE ON location DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait();
        """
    )
    with begin("locations", *command, "--enrolment", str(commands.file), **commands.settings) as process:
        try:
            async with asyncio.timeout(30):
                while not commands.file.exists() or (old and enrolment.read(commands.file) == old):
                    await asyncio.sleep(0.05)
        finally:
            process.kill()
    await commands.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'COMMIT%' AND state = 'active' AND datname = current_database()"
    )
    left = enrolment.read(commands.file)
    assert await commands.revoked() == {user(left)}
    assert old is None or await opened_by(commands, old)
    if command[0] == "add":
        assert commands.locations("list") == ""


async def test_no_file_of_another_location_is_overwritten(commands: LocationCommands) -> None:
    commands.add()
    before = commands.file.read_bytes()
    there = f"{commands.file} exists already, and the secret in it would stay valid"
    assert commands.refusal("add", "us", "--country", "US", "--enrolment", str(commands.file)) == there
    commands.locations("add", "us", "--country", "US", "--enrolment", str(commands.folder / "us.agent"))
    others = f"{commands.file} is the enrolment file of 'de': it would be lost"
    assert commands.refusal("rotate", "us", "--now", "--enrolment", str(commands.file)) == others
    trust = commands.settings["TRUST_FILE"]
    assert "not an enrolment file" in commands.refusal("rotate", "us", "--enrolment", trust)
    assert commands.file.read_bytes() == before
    assert await commands.value("SELECT count(*) FROM location_key") == 2
    assert await commands.revoked() == set()
