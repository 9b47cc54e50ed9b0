"""Enrolment files and rows of a location: both or neither, whatever fails between them."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from controller.store.platform.pool import Database
from shared.wire import enrolment
from tests.integration.test_commands import begin, files, run
from tests.integration.trust.desk import Desk, opened_by, rotate, user


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(["rotate", "nowhere"], 1, id="an unknown location"),
        pytest.param(["rotate", "d e"], 1, id="no code"),
        pytest.param(["rotate", "de", "--now", "--keep-days", "1"], 2, id="both now and later"),
        pytest.param(["rotate", "de", "--keep-hours", "0"], 2, id="no time at all"),
    ],
)
async def test_what_cannot_be_rotated_changes_nothing(desk: Desk, words: list[str], status: int) -> None:
    done = run("locations", *words, **desk.settings)
    assert (done.returncode, done.stdout) == (status, "")
    assert "Traceback" not in done.stderr
    assert files(desk.folder) == []


async def test_without_a_file_there_are_no_new_keys(desk: Desk) -> None:
    made = desk.add()
    lost = desk.folder / "nowhere" / "de.agent"
    assert desk.refusal("rotate", "de", "--enrolment", str(lost)) == f"{lost}: No such file or directory"
    assert await desk.value("SELECT array_agg(nats_user) FROM location_key WHERE ends_at IS NULL") == [user(made)]


async def test_without_rows_the_old_file_stays(desk: Desk) -> None:
    """The database refuses at the very end, when the new file has been written."""
    desk.add()
    before = desk.file.read_bytes()
    async with Database.open(desk.url) as database:
        async with database.connection() as connection:
            await connection.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
                CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON location DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse();
                """
            )
        with pytest.raises(asyncpg.RaiseError):
            await rotate(desk, database)
    assert desk.file.read_bytes() == before
    assert files(desk.folder) == [desk.file]


async def test_where_no_file_can_be_put_nothing_is_changed(desk: Desk) -> None:
    made = desk.add()
    desk.file.unlink()
    desk.file.mkdir()
    assert desk.refusal("rotate", "de", "--now", "--enrolment", str(desk.file)) == f"{desk.file}: Is a directory"
    refused = desk.refusal("add", "us", "--country", "US", "--enrolment", str(desk.file))
    assert refused.startswith(f"{desk.file} is there already")
    assert list(desk.folder.iterdir()) == [desk.file]
    assert await desk.value("SELECT array_agg(nats_user) FROM location_key") == [user(made)]
    assert await desk.revoked() == set()


async def test_a_file_that_fails_at_the_last_moment_leaves_the_keys_as_they_were(desk: Desk) -> None:
    """Its name fits, and that of the file that is written beside it does not."""
    made = desk.add()
    file = desk.folder / ("d" * 250)
    assert desk.refusal("rotate", "de", "--now", "--enrolment", str(file)) == f"{file}: File name too long"
    assert files(desk.folder) == [desk.file]
    assert await opened_by(desk, made)
    assert user(made) not in await desk.revoked()


@pytest.mark.parametrize("command", [["add", "de", "--country", "DE"], ["rotate", "de", "--now"]], ids=lambda it: it[0])
async def test_a_file_that_outlives_its_command_is_of_no_use(desk: Desk, command: list[str]) -> None:
    """It is killed while the keys are being stored, with the file in place."""
    old = desk.add() if command[0] == "rotate" else None
    await desk.execute(
        """
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT OR UPDATE ON location DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait();
        """
    )
    with begin("locations", *command, "--enrolment", str(desk.file), **desk.settings) as process:
        try:
            async with asyncio.timeout(30):
                while not desk.file.exists() or (old and enrolment.read(desk.file) == old):
                    await asyncio.sleep(0.05)
        finally:
            process.kill()
    await desk.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE 'COMMIT%' AND state = 'active' AND datname = current_database()"
    )
    left = enrolment.read(desk.file)
    assert await desk.revoked() == {user(left)}
    assert old is None or await opened_by(desk, old)
    if command[0] == "add":
        assert desk.locations("list") == ""


async def test_no_file_of_another_location_is_overwritten(desk: Desk) -> None:
    desk.add()
    before = desk.file.read_bytes()
    there = f"{desk.file} is there already: what is in it would go on working"
    assert desk.refusal("add", "us", "--country", "US", "--enrolment", str(desk.file)) == there
    desk.locations("add", "us", "--country", "US", "--enrolment", str(desk.folder / "us.agent"))
    others = f"{desk.file} is the enrolment file of 'de': it would be lost"
    assert desk.refusal("rotate", "us", "--now", "--enrolment", str(desk.file)) == others
    trust = desk.settings["TRUST_FILE"]
    assert "not an enrolment file" in desk.refusal("rotate", "us", "--enrolment", trust)
    assert desk.file.read_bytes() == before
    assert await desk.value("SELECT count(*) FROM location_key") == 2
    assert await desk.revoked() == set()
