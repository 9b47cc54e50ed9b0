"""`stream-credentials` makes, lists and revokes: rows, files and consumers agree, whichever step fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controller.pipeline.subscribers import SubscriberConsumers
from controller.store.accounts import subscribers
from shared.nats.bus import Bus
from shared.wire import subjects
from tests.integration.subscribers.two_organizations import OTHER, TwoOrganizations, issue
from tests.integration.test_commands import begin, run


async def test_consumers_are_kept_for_the_good_and_removed_for_the_others(
    organizations: TwoOrganizations, bus: Bus, tmp_path: Path
) -> None:
    one = await issue(
        organizations, tmp_path / "one.creds", "--organization", "One", "--days", "1", "--name", "reports"
    )
    two = await issue(organizations, tmp_path / "two.creds", "--organization", str(OTHER))
    kept = SubscriberConsumers(organizations.database, bus)
    await kept.keep()
    jetstream = bus.client.jsm()
    assert {info.name for info in await jetstream.consumers_info(subjects.EVENTS)} == {one, two}
    revoked = await asyncio.to_thread(run, "stream-credentials", "--revoke", one, **organizations.settings)
    assert revoked.returncode == 0, revoked.stderr
    await kept.keep()
    assert {info.name for info in await jetstream.consumers_info(subjects.EVENTS)} == {two}
    again = await asyncio.to_thread(run, "stream-credentials", "--revoke", one, **organizations.settings)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    listed = await asyncio.to_thread(run, "stream-credentials", "--list", **organizations.settings)
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        (two, "valid", "Two", "subscriber"),
        (one, "revoked", "One", "reports"),
    ]
    async with organizations.database.connection() as connection:
        await connection.execute("UPDATE subscriber SET nats_account = NULL")
    listed = await asyncio.to_thread(run, "stream-credentials", "--list", **organizations.settings)
    assert [line.split("\t")[5:] for line in listed.stdout.splitlines()] == [
        ["shared account: issue new ones, then revoke these"],
        [],
    ]
    [good] = await subscribers.active_subscribers(organizations.database)
    assert good.consumer == two


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param(["--organization", "Nobody"], 1, "no organization Nobody", id="no such organization"),
        pytest.param(
            ["--organization", "One", "--customer", "X"], 1, "no organization One with", id="no such customer"
        ),
        pytest.param([], 1, "--organization is required", id="no organization given"),
        pytest.param(["--organization", "One", "--days", "0"], 2, "must be 1 to 3650 days", id="zero days"),
        pytest.param(["--organization", "One", "--days", "²"], 2, "must be 1 to 3650 days", id="not a number"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    organizations: TwoOrganizations, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    file = tmp_path / "x.creds"
    done = await asyncio.to_thread(
        run, "stream-credentials", *arguments, "--output", str(file), **organizations.settings
    )
    assert done.returncode == status
    assert words in done.stderr
    assert not file.exists()
    assert await subscribers.all_subscribers(organizations.database) == []


async def test_a_file_that_is_there_is_left_alone(organizations: TwoOrganizations, tmp_path: Path) -> None:
    file = tmp_path / "x.creds"
    await issue(organizations, file, "--organization", "One")
    before = await asyncio.to_thread(file.read_bytes)
    words = ("stream-credentials", "--organization", "One", "--output", str(file))
    done = await asyncio.to_thread(run, *words, **organizations.settings)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert await asyncio.to_thread(file.read_bytes) == before
    assert len(await subscribers.all_subscribers(organizations.database)) == 1


async def test_a_file_that_cannot_be_written_leaves_no_row(organizations: TwoOrganizations, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "x.creds"
    words = ("stream-credentials", "--organization", "One", "--output", str(file))
    done = await asyncio.to_thread(run, *words, **organizations.settings)
    assert done.returncode == 1
    assert done.stderr == f"mailprobe-controller: {file}: No such file or directory\n"
    assert await subscribers.all_subscribers(organizations.database) == []


async def test_a_command_that_is_killed_leaves_no_login_that_nobody_can_revoke(
    organizations: TwoOrganizations, tmp_path: Path
) -> None:
    """It is killed while the row is being stored, before there is a file."""
    file = tmp_path / "x.creds"
    async with organizations.database.connection() as connection:
        await connection.execute(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
              AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON subscriber DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait();
            """
        )
        with begin(
            "stream-credentials", "--organization", "One", "--output", str(file), **organizations.settings
        ) as process:
            try:
                async with asyncio.timeout(30):
                    while not await connection.fetchval(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                        " AND datname = current_database()"
                    ):
                        await asyncio.sleep(0.05)
            finally:
                process.kill()
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
    assert not file.exists()
    assert await subscribers.all_subscribers(organizations.database) == []
