"""The controller's commands as processes: exit status, one clear line, and files written completely or not at all."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from controller.application import create_application
from controller.errors import LoginCodeRefusedError
from controller.http.services import Services
from controller.notify.channels import open_senders
from controller.operations.accounts.sessions import log_in_with_code
from controller.operations.channels.channels import Outlets
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys
from shared.nats.bus import Bus
from shared.secret import Secret
from shared.wire import enrolment
from shared.wire.sealing import open_login, seal_login
from shared.wire.targets import Login
from tests.fakes.ports import free_port
from tests.integration.api.conftest import RecordingDispatcher, client_of

NATS_URL = "tls://nats.example.com:4222"


def begin(*arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A command that keeps running."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILPROBE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "controller", *arguments],
        env=environment | {f"MAILPROBE_{name}": value for name, value in settings.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    with begin(*arguments, **settings) as process:
        try:
            output, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def bootstrap(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    return run(
        "bootstrap", "--token-file", f"{folder}/token", "--password-file", f"{folder}/password", DATABASE_URL=url
    )


def add(folder: Path, url: str, trust_file: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    words = ("locations", "add", *arguments, "--enrolment", f"{folder}/enrolment")
    return run(*words, DATABASE_URL=url, TRUST_FILE=str(trust_file), **settings)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def fetchval(url: str, query: str) -> object:
    async with Database.open(url) as database, database.connection() as connection:
        return await connection.fetchval(query)


async def test_bootstrap_makes_a_login_and_a_token_that_works(database_url: str, bus: Bus, tmp_path: Path) -> None:
    done = bootstrap(tmp_path, database_url)
    assert done.returncode == 0, done.stderr
    token, password = ((tmp_path / name).read_text().strip() for name in ("token", "password"))
    assert token not in done.stdout + done.stderr
    assert password not in done.stdout + done.stderr
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)} == {0o600}
    stored = await fetchval(database_url, "SELECT password_hash FROM account WHERE email = 'admin@localhost'")
    assert isinstance(stored, str)
    assert PasswordHasher().verify(stored, password)
    async with Database.open(database_url) as database, open_senders(relay=None, sms_url=None) as senders:
        vault = Vault(VaultKeys(run("new-vault-key").stdout))
        services = Services(
            database=database, vault=vault, dispatcher=RecordingDispatcher(), bus=bus, outlets=Outlets(senders)
        )
        async with client_of(create_application(services)) as client:
            answer = await client.get("/api/locations", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200

    again = bootstrap(tmp_path, database_url)
    assert (again.returncode, again.stdout) == (0, "there is an organization already; nothing was changed\n")
    assert (tmp_path / "token").read_text().strip() == token


async def test_a_machine_token_is_kept_while_it_works_and_made_anew_when_it_does_not(
    database_url: str, tmp_path: Path
) -> None:
    kept = tmp_path / "machine"

    def keep(*more: str) -> tuple[int, str, str]:
        done = run("machine-token", "--file", str(kept), *more, DATABASE_URL=database_url)
        return done.returncode, done.stdout, done.stderr

    assert keep() == (
        1,
        "",
        "mailprobe-controller: there is no organization yet: `mailprobe-controller bootstrap` makes the first\n",
    )
    assert files(tmp_path) == []
    assert bootstrap(tmp_path, database_url).returncode == 0
    token = tmp_path / "token"
    assert keep("--check", str(token)) == (0, f"made a machine token in {kept}\nthe token in {token} works\n", "")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    first = kept.read_text()
    assert keep("--check", f"{token}.gone")[1] == (
        f"the machine token in {kept} works\nthe token in {token}.gone does not work\n"
    )
    assert kept.read_text() == first

    for spoilt in ("wsm_unknown", "\x00\ufffd", token.read_text()):  # an administrator's is not one of a machine
        kept.write_text(spoilt)
        assert keep()[1] == f"made a machine token in {kept}\n"
        assert kept.read_text() not in {first, spoilt}
    count = "SELECT count(*) FROM api_token WHERE kept_by IS NOT NULL"
    assert await fetchval(database_url, count) == 1, "each new one replaces the one before"
    assert token.read_text()


async def test_bootstrap_leaves_neither_rows_nor_files_when_one_file_cannot_be_written(
    database_url: str, tmp_path: Path
) -> None:
    done = run(
        "bootstrap",
        "--token-file",
        f"{tmp_path}/token",
        "--password-file",
        f"{tmp_path}/nowhere/password",
        DATABASE_URL=database_url,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"mailprobe-controller: {tmp_path}/nowhere/password: No such file or directory\n"
    assert files(tmp_path) == []
    assert await fetchval(database_url, "SELECT count(*) FROM organization") == 0
    assert bootstrap(tmp_path, database_url).returncode == 0


async def test_a_new_location_has_keys_of_its_own(database_url: str, tmp_path: Path, trust_file: Path) -> None:
    done = add(tmp_path, database_url, trust_file, "DE", "--country", "de", NATS_URL=NATS_URL)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "enrolment"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = enrolment.read(path)
    assert (made.location, made.country, made.nats_url) == ("de", "DE", NATS_URL)
    public_key = await fetchval(database_url, "SELECT public_key FROM location WHERE code = 'de'")
    assert isinstance(public_key, str)
    monitor = uuid4()
    login = Login("u", Secret("p"))
    sealed = seal_login(login, public_key, monitor=monitor, location="de")
    assert open_login(sealed, made.sealing_key, monitor=monitor, location="de") == login

    before = path.read_bytes()
    again = add(tmp_path, database_url, trust_file, "de", "--country", "DE", NATS_URL=NATS_URL)
    assert (again.returncode, again.stderr) == (1, "mailprobe-controller: there is a location 'de' already\n")
    assert path.read_bytes() == before
    listed = run("locations", "list", DATABASE_URL=database_url)
    assert listed.stdout.startswith("de\tDE\tenabled\tGermany\t")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(["d_e", "--country", "DE"], "'d_e' must consist of letters, digits and hyphens", id="code"),
        pytest.param(["de", "--country", "XX"], "--country must hold ISO 3166-1", id="country"),
    ],
)
async def test_a_location_that_cannot_be_is_refused_in_one_line(
    database_url: str, tmp_path: Path, trust_file: Path, arguments: list[str], line: str
) -> None:
    done = add(tmp_path, database_url, trust_file, *arguments, "--nats-url", NATS_URL)
    assert done.returncode == 1
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert files(tmp_path) == []


async def test_a_location_without_a_file_is_not_stored(database_url: str, tmp_path: Path, trust_file: Path) -> None:
    done = add(tmp_path / "nowhere", database_url, trust_file, "de", "--country", "DE", "--nats-url", NATS_URL)
    assert done.returncode == 1
    assert done.stderr == f"mailprobe-controller: {tmp_path}/nowhere/enrolment: No such file or directory\n"
    assert await fetchval(database_url, "SELECT count(*) FROM location") == 0


def test_all_problems_of_the_settings_are_printed_at_once_without_their_values() -> None:
    done = run("serve", DATABASE_URL="mysql://u:geheim@h/x", VAULT_KEYS="geheim", PORT="geheim")
    assert done.returncode == 2
    assert {line.split()[1].rstrip(":") for line in done.stderr.splitlines()} == {
        "MAILPROBE_DATABASE_URL",
        "MAILPROBE_NATS_URL",
        "MAILPROBE_TRUST_FILE",
        "MAILPROBE_VAULT_KEYS",
        "MAILPROBE_PORT",
    }
    assert "geheim" not in done.stderr


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param("postgresql://u:geheim@127.0.0.1:1/x", 1, id="nothing listens there"),
        pytest.param("postgresql://u:geheim@127.0.0.1:zz/x", 2, id="no URL"),
    ],
)
@pytest.mark.parametrize("command", [["migrate"], ["locations", "list"]])
def test_a_database_that_is_not_there_is_named_in_one_line(command: list[str], url: str, status: int) -> None:
    done = run(*command, DATABASE_URL=url)
    assert done.returncode == status
    assert done.stderr.startswith("mailprobe-controller: ")
    assert done.stderr.count("\n") == 1
    assert "geheim" not in done.stderr


async def test_a_command_on_an_old_schema_names_the_way_out(postgres_url: str, tmp_path: Path) -> None:
    done = bootstrap(tmp_path, postgres_url)
    assert done.returncode == 1
    assert "run `mailprobe-controller migrate`" in done.stderr


async def test_serve_names_a_busy_port_and_an_old_schema_in_one_line(
    postgres_url: str, nats_url: str, trust_file: Path
) -> None:
    needed = {
        "DATABASE_URL": postgres_url,
        "NATS_URL": nats_url,
        "TRUST_FILE": str(trust_file),
        "VAULT_KEYS": run("new-vault-key").stdout.strip(),
    }
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        done = run("serve", **needed, PORT=str(port))
    assert done.returncode == 1
    line = f"mailprobe-controller: cannot listen on 127.0.0.1 port {port}: Address already in use"
    assert done.stderr.splitlines() == [line]

    done = run("serve", **needed, PORT=str(port))
    assert done.returncode == 1
    assert "run `mailprobe-controller migrate`" in done.stderr.splitlines()[-1]


def test_a_vault_key_is_one_that_the_vault_takes() -> None:
    done = run("new-vault-key")
    assert done.returncode == 0
    vault = Vault(VaultKeys(done.stdout))
    assert vault.decrypt(vault.encrypt("x")) == "x"


async def test_a_login_link_logs_the_first_administrator_in_once(database_url: str, tmp_path: Path) -> None:
    bootstrap(tmp_path, database_url)
    made = run("login-link", DATABASE_URL=database_url, PUBLIC_URL="https://mail.example.com/probe")
    assert (made.returncode, made.stderr) == (0, "")
    link, explained = made.stdout.splitlines()
    base, _, code = link.partition("#code=")
    assert base == "https://mail.example.com/probe/login"
    assert "logs admin@localhost in, once, within 10 minutes" in explained
    async with Database.open(database_url) as database:
        assert await log_in_with_code(database, code, address="192.0.2.1", user_agent=None)
        with pytest.raises(LoginCodeRefusedError):
            await log_in_with_code(database, code, address="192.0.2.1", user_agent=None)


async def test_a_login_link_without_a_public_address_is_a_path(database_url: str, tmp_path: Path) -> None:
    bootstrap(tmp_path, database_url)
    made = run("login-link", "--email", "Admin@LocalHost", DATABASE_URL=database_url)
    assert made.stdout.startswith("/login#code=")
    assert "set MAILPROBE_PUBLIC_URL" in made.stdout


@pytest.mark.parametrize(
    ("email", "complaint"),
    [((), "there is no administrator"), (("--email", "x@example.com"), "nobody has the address 'x@example.com'")],
)
async def test_a_login_link_for_nobody_is_refused(database_url: str, email: tuple[str, ...], complaint: str) -> None:
    refused = run("login-link", *email, DATABASE_URL=database_url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"mailprobe-controller: {complaint}\n"
