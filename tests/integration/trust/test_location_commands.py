"""`locations rotate|disable|enable|remove|list` as ops type them: files and rows, both or neither."""

from __future__ import annotations

import asyncio
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from controller.enrol import rotate_location
from controller.settings import EnrolmentSettings
from controller.store import locations
from controller.store.location_keys import revoked_users
from controller.store.pool import Database
from shared import enrolment
from shared.credentials import parse
from shared.enrolment import Enrolment
from shared.sealing import SealError, open_login, seal_login
from shared.settings import load
from shared.targets import Login, Secret
from tests.integration.test_commands import NATS_URL, begin, fetchval, files, run

MONITOR = uuid4()


class Desk:
    """Where ops type: a folder, a database, and the commands."""

    def __init__(self, folder: Path, database_url: str, trust_file: Path) -> None:
        self.folder = folder
        self.url = database_url
        self.settings = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust_file), "NATS_URL": NATS_URL}

    @property
    def file(self) -> Path:
        return self.folder / "de.agent"

    def locations(self, *words: str) -> str:
        """What it prints. It must succeed."""
        done = run("locations", *words, **self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refusal(self, *words: str) -> str:
        """Why it does not."""
        done = run("locations", *words, **self.settings)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        return done.stderr.removeprefix("mailprobe-controller: ").rstrip("\n")

    def add(self) -> Enrolment:
        self.locations("add", "de", "--country", "DE", "--enrolment", str(self.file))
        return enrolment.read(self.file)

    def rotate(self, *words: str) -> Enrolment:
        self.locations("rotate", "de", "--enrolment", str(self.file), *words)
        return enrolment.read(self.file)

    async def revoked(self) -> set[str]:
        async with Database.open(self.url) as database:
            return set(await revoked_users(database))

    async def value(self, query: str) -> Any:
        return await fetchval(self.url, query)

    async def execute(self, statements: str) -> None:
        async with Database.open(self.url) as database, database.connection() as connection:
            await connection.execute(statements)

    @property
    def enrolment_settings(self) -> EnrolmentSettings:
        return load(EnrolmentSettings, {f"MAILPROBE_{name}": value for name, value in self.settings.items()})


@pytest.fixture
def desk(tmp_path: Path, database_url: str, trust_file: Path) -> Desk:
    return Desk(tmp_path, database_url, trust_file)


def user(made: Enrolment) -> str:
    return parse(made.nats_credentials.reveal()).user


async def opened_by(desk: Desk, made: Enrolment) -> bool:
    """Whether an agent with this file can open what is sealed to the location now."""
    async with Database.open(desk.url) as database:
        here = await locations.by_code(database, "de")
    assert here
    for key in (here.public_key, *here.older_keys):
        sealed = seal_login(Login("u", Secret("p")), key, monitor=MONITOR, location="de")
        try:
            open_login(sealed, made.sealing_key, monitor=MONITOR, location="de")
        except SealError:
            continue
        return True
    return False


async def test_rotate_writes_a_new_file_and_both_work_for_a_week(desk: Desk) -> None:
    old, new = desk.add(), desk.rotate()
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    assert (new.location, new.country, new.nats_url) == ("de", "DE", NATS_URL)
    assert user(new) != user(old)
    assert await desk.revoked() == set()
    assert await opened_by(desk, old)
    assert await opened_by(desk, new)
    assert await desk.value("SELECT ends_at - now() > interval '6 days 23 h' FROM location_key ORDER BY id LIMIT 1")
    listed = desk.locations("list").split("\t")
    assert listed[:4] == ["de", "DE", "enabled", "Germany"]
    assert listed[4].startswith("keys of 20")
    assert ", older of 20" in listed[4]
    await desk.value("UPDATE location_key SET ends_at = now() - interval '1 s' WHERE ends_at IS NOT NULL")
    assert await desk.revoked() == {user(old)}
    assert not await opened_by(desk, old)
    assert await opened_by(desk, new)


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        pytest.param(["--keep-hours", "2"], 2, id="hours"),
        pytest.param(["--keep-days", "3"], 72, id="days"),
        pytest.param([], 168, id="a week"),
    ],
)
async def test_old_keys_end_when_ops_say(desk: Desk, words: list[str], hours: int) -> None:
    desk.add()
    desk.rotate(*words)
    ends = await desk.value("SELECT round(extract(epoch FROM ends_at - now()) / 3600) FROM location_key ORDER BY id")
    assert ends == hours


async def test_keys_that_leaked_end_now_all_of_them(desk: Desk) -> None:
    first, second = desk.add(), desk.rotate()
    new = desk.rotate("--now")
    assert await desk.revoked() == {user(first), user(second)}
    assert await opened_by(desk, new)
    assert not await opened_by(desk, first)


async def test_disable_and_enable_change_whom_the_broker_lets_in_and_not_the_file(desk: Desk) -> None:
    made = desk.add()
    before = desk.file.read_bytes()
    told = desk.locations("disable", "DE")
    assert told == ("disabled de; its agents are cut off within 10 seconds, or as soon as a controller reaches NATS\n")
    assert await desk.revoked() == {user(made)}
    assert "\tdisabled\t" in desk.locations("list")
    desk.locations("enable", "de")
    assert await desk.revoked() == set()
    assert desk.file.read_bytes() == before


async def test_a_removed_location_is_gone_but_for_its_history_and_may_come_back_in_its_country(desk: Desk) -> None:
    before = desk.add()
    number = await desk.value("SELECT id FROM location")
    assert desk.refusal("remove", "de") == ("de is enabled: first `locations disable de`, which cuts its agents off")
    desk.locations("disable", "de")
    desk.locations("remove", "de")
    assert desk.locations("list") == ""
    async with Database.open(desk.url) as database:
        assert [here.code for here in await locations.all_locations(database)] == ["de"]
        assert await locations.present_locations(database) == []
    for words in (["rotate", "de"], ["enable", "de"], ["disable", "de"], ["remove", "de"]):
        assert desk.refusal(*words) == "there is no location 'de'"
    elsewhere = desk.refusal("add", "de", "--country", "US", "--enrolment", str(desk.folder / "us"))
    assert elsewhere == "there was a location 'de' in another country, of which history tells: choose another"
    desk.file.unlink()
    after = desk.add()
    assert await desk.value("SELECT id FROM location WHERE enabled") == number
    assert await desk.revoked() == {user(before)}
    assert await opened_by(desk, after)


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


def test_an_address_that_was_given_stays_until_another_is(desk: Desk) -> None:
    desk.locations(
        "add", "de", "--country", "DE", "--enrolment", str(desk.file), "--nats-url", "tls://one.example:4222"
    )
    assert enrolment.read(desk.file).nats_url == "tls://one.example:4222"
    assert desk.rotate().nats_url == "tls://one.example:4222"
    assert desk.rotate("--nats-url", "tls://two.example:4222").nats_url == "tls://two.example:4222"
    assert desk.rotate().nats_url == "tls://two.example:4222"


@pytest.mark.parametrize("name", ["a\tb", "a\nb", " ", "n" * 256], ids=["tab", "newline", "blank", "long"])
def test_a_name_that_would_break_a_list_is_refused(desk: Desk, name: str) -> None:
    words = ["add", "de", "--country", "DE", "--enrolment", str(desk.file), "--name", name]
    assert desk.refusal(*words) == "--name must be 1 to 255 printable characters"
    assert files(desk.folder) == []


async def test_whoever_takes_the_last_location_away_is_told_which_monitors_go_blind(desk: Desk) -> None:
    desk.add()
    desk.locations("add", "us", "--country", "US", "--enrolment", str(desk.folder / "us.agent"))
    await desk.execute(
        """
        INSERT INTO organization (name) VALUES ('o');
        INSERT INTO customer (organization_id, name) SELECT id, 'c' FROM organization;
        INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, port, status, config,
          interval_seconds, timeout_seconds, allowed_check_country_codes)
        SELECT organization_id, id, 'smtp', 'm', host, 25, given.status, '{}', 60, 10, countries FROM customer, (VALUES
          ('german.example', 'active', ARRAY['DE']), ('both.example', 'active', ARRAY['DE', 'US']),
          ('anywhere.example', 'active', NULL), ('off.example', 'disabled', ARRAY['DE'])
        ) AS given (host, status, countries);
        """
    )
    number = await desk.value("SELECT public_id FROM monitor WHERE hostname = 'german.example'")
    told = f"monitors that no location may check any more, 1 in all: smtp german.example ({number})"
    for command in ("disable", "remove"):
        assert desk.locations(command, "de").splitlines()[1:] == [told]
    last = desk.locations("disable", "us").splitlines()[1]
    assert last.startswith("monitors that no location may check any more, 2 in all: smtp both.example (")
    assert "smtp anywhere.example (" in last


async def rotate(desk: Desk, database: Database) -> None:
    keep = timedelta(days=1)
    await rotate_location(database, desk.enrolment_settings, code="de", keep=keep, enrolment_file=desk.file)
