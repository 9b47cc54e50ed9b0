"""The `locations` commands as ops type them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from controller.operations.installation.enrolment import rotate_location
from controller.settings import EnrolmentSettings
from controller.store.locations import locations
from controller.store.locations.keys import revoked_users
from controller.store.platform.pool import Database
from shared.nats.credentials import parse
from shared.secret import Secret
from shared.settings import load
from shared.wire import enrolment
from shared.wire.enrolment import Enrolment
from shared.wire.sealing import SealError, open_login, seal_login
from shared.wire.targets import Login
from tests.integration.test_commands import NATS_URL, fetchval, run

MONITOR = uuid4()


class LocationCommands:
    """Runs the commands in a folder, on a database."""

    def __init__(self, folder: Path, database_url: str, trust_file: Path) -> None:
        self.folder = folder
        self.url = database_url
        self.settings = {"DATABASE_URL": database_url, "TRUST_FILE": str(trust_file), "NATS_URL": NATS_URL}

    @property
    def file(self) -> Path:
        return self.folder / "de.agent"

    def locations(self, *words: str) -> str:
        """The output of a command that must succeed."""
        done = run("locations", *words, **self.settings)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refusal(self, *words: str) -> str:
        """The one-line error of a command that must fail."""
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


def user(made: Enrolment) -> str:
    return parse(made.nats_credentials.reveal()).user


async def opened_by(commands: LocationCommands, made: Enrolment) -> bool:
    """Whether an agent with this file can open a login that is sealed to the location now."""
    async with Database.open(commands.url) as database:
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


async def rotate(commands: LocationCommands, database: Database) -> None:
    keep = timedelta(days=1)
    await rotate_location(database, commands.enrolment_settings, code="de", keep=keep, enrolment_file=commands.file)
