"""The commands about organizations, users and tokens, as processes: what they print, and what then works."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.notify.channels import open_senders
from controller.operations.channels.channels import Outlets
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.nats.bus import Bus
from tests.integration.api.conftest import RecordingDispatcher, client_of
from tests.integration.test_commands import bootstrap, fetchval, run

NO_CUSTOMER = "--customer must be the number or public id of a customer of the organization"


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> str:
    """A database with the organization Mailprobe."""
    assert bootstrap(tmp_path, database_url).returncode == 0
    return database_url


def printed(url: str, *words: str, **settings: str) -> Any:
    done = run(*words, "--json", DATABASE_URL=url, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def refusal(url: str, *words: str) -> str:
    """The one line with which a command is refused."""
    done = run(*words, DATABASE_URL=url)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    return done.stderr.removeprefix("mailprobe-controller: ").strip()


@asynccontextmanager
async def client(url: str, bus: Bus) -> AsyncIterator[httpx.AsyncClient]:
    async with Database.open(url) as database, open_senders(relay=None, sms_url=None) as senders:
        vault = Vault(VaultKeys(new_key().reveal()))
        services = Services(
            database=database, vault=vault, dispatcher=RecordingDispatcher(), bus=bus, outlets=Outlets(senders)
        )
        async with client_of(create_application(services)) as opened:
            yield opened


async def test_a_second_organization_is_ready_for_work_with_three_commands(url: str, bus: Bus) -> None:
    made = printed(url, "organizations", "add", "Harbour")
    person = printed(url, "users", "add", "ada@example.com", "--organization", "Harbour", "--role", "admin")
    token = printed(url, "tokens", "add", "--user", "ada@example.com", "--name", "robot")
    assert (person["organization"]["id"], token["organizationId"]) == (made["id"], made["number"])
    async with client(url, bus) as api:
        monitor = {"name": "M", "hostname": "mail.example.com", "billing_plancode": "UBM - A/A"}
        robot = {"Authorization": f"Bearer {token['token']}"}
        answer = await api.post("/api/v3/monitors/email-smtp", json=monitor, headers=robot)
        assert answer.status_code == 200, answer.text  # there is a customer for it
        body = {"email": "ada@example.com", "password": person["password"]}
        assert (await api.post("/api/session", json=body)).status_code == 200
        organization = (await api.get("/api/organization")).json()
    assert (organization["publicId"], organization["name"]) == (made["id"], "Harbour")


def test_organizations_are_listed_and_renamed(url: str) -> None:
    run("organizations", "add", "Harbour", "--customer", "First", DATABASE_URL=url)
    listed = printed(url, "organizations", "list")
    assert [(one["name"], one["customers"], one["users"], one["monitors"]) for one in listed] == [
        ("Mailprobe", 1, 1, 0),
        ("Harbour", 1, 0, 0),
    ]
    for name, text in ((listed[1]["id"].upper(), "Quay"), ("Quay", "Pier"), (str(listed[1]["number"]), "pier")):
        assert printed(url, "organizations", "rename", name, text)["name"] == text
    lines = run("organizations", "list", DATABASE_URL=url).stdout.splitlines()
    assert lines[1] == f"{listed[1]['number']}\t{listed[1]['id']}\tpier\t1 customer, 0 users, 0 monitors"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "mailPROBE"), "An organization with this name exists already"),
        (("add", " "), "name must be 1 to 255 printable characters"),
        (("add", "A", "--customer", ""), "customer must be 1 to 255 printable characters"),
        (("rename", "Nobody", "A"), "there is no organization 'Nobody'"),
        (("rename", "Mailprobe", "a\nb"), "name must be 1 to 255 printable characters"),
    ],
)
async def test_an_organization_that_cannot_be_is_refused(url: str, words: tuple[str, ...], why: str) -> None:
    assert refusal(url, "organizations", *words) == why
    assert await fetchval(url, "SELECT string_agg(name, ',') FROM organization") == "Mailprobe"


async def test_a_name_that_another_organization_has_is_not_given_again(url: str) -> None:
    run("organizations", "add", "Harbour", DATABASE_URL=url)
    assert "exists already" in refusal(url, "organizations", "rename", "Harbour", "MAILPROBE")
    assert await fetchval(url, "SELECT count(*) FROM organization WHERE name = 'Harbour'") == 1


async def test_with_several_organizations_one_must_be_named_unmistakably(url: str) -> None:
    run("organizations", "add", "Harbour", DATABASE_URL=url)
    words = ("users", "add", "a@example.com")
    assert refusal(url, *words) == "there is more than one organization: name one with --organization"
    await fetchval(url, "UPDATE organization SET name = 'Same' RETURNING 1")
    assert refusal(url, *words, "--organization", "Same") == (
        "more than one organization is called 'Same': give its public id"
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nobody",), "email must be an e-mail address"),
        (("ADMIN@localhost",), "A user with this email exists already"),
        (("a@example.com", "--customer", "x"), NO_CUSTOMER),
        (("a@example.com", "--customer", "999"), NO_CUSTOMER),
        (("a@example.com", "--organization", "999"), "there is no organization '999'"),
    ],
)
async def test_a_person_who_cannot_be_is_refused(url: str, words: tuple[str, ...], why: str) -> None:
    assert refusal(url, "users", "add", *words) == why
    assert await fetchval(url, "SELECT count(*) FROM account") == 1


async def test_a_person_can_be_limited_to_customers_and_get_a_link_instead_of_a_password(url: str) -> None:
    customer = str(await fetchval(url, "SELECT public_id FROM customer"))
    words = ("users", "add", "a@example.com", "--customer", customer, "--link", "--first-name", "Ada")
    made = printed(url, *words, PUBLIC_URL="https://mail.example.com")
    assert (made["password"], made["role"]) == (None, "user")
    assert made["link"].startswith("https://mail.example.com/login#code=")
    limited = "SELECT customer_ids = ARRAY(SELECT id FROM customer) FROM account WHERE first_name = 'Ada'"
    assert await fetchval(url, limited) is True
    for person, whole in (("a@example.com", "role is user"), ("nobody@example.com", "nobody has the address")):
        assert whole in refusal(url, "tokens", "add", "--user", person, "--name", "robot")
    token = printed(url, "tokens", "add", "--user", "a@example.com", "--name", "robot", "--customer", customer)
    assert token["customerId"] is not None


async def test_what_is_printed_for_people_holds_each_secret_once(url: str) -> None:
    person = run("users", "add", "a@example.com", "--role", "readonly", DATABASE_URL=url).stdout.splitlines()
    assert person[0] == "added a@example.com as readonly of 'Mailprobe'"
    assert person[1].startswith("password, shown only now: ")
    token, explained = run("tokens", "add", "--name", "robot", "--days", "3", DATABASE_URL=url).stdout.splitlines()
    assert token.startswith("wsm_")
    assert explained.startswith("is token 'robot' of 'Mailprobe', until ")
    assert await fetchval(url, "SELECT count(*) FROM api_token WHERE name = 'robot' AND expires_at > now()") == 1


async def test_a_token_is_written_to_a_file_in_place_of_a_lost_one_or_not_made(url: str, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("wsm_revoked\n")
    words = ("tokens", "add", "--user", "admin@localhost", "--name", "robot", "--file", str(file))
    assert run(*words, DATABASE_URL=url).stdout == f"{file} holds token 'robot' of 'Mailprobe'\n"
    token = file.read_text()
    assert (token[:4], token.count("\n"), file.stat().st_mode & 0o777) == ("wsm_", 1, 0o600)
    told = printed(url, *words)
    assert (told["token"], told["file"]) == (None, str(file))
    again = file.read_text()
    assert again != token
    await fetchval(url, "ALTER TABLE api_token ADD CONSTRAINT full_up CHECK (id < 0) NOT VALID")
    assert run(*words, DATABASE_URL=url).returncode == 1
    assert file.read_text() == again
    await fetchval(url, "ALTER TABLE api_token DROP CONSTRAINT full_up")
    (tmp_path / "binary").write_bytes(b"\xff")
    for name, why in (("binary", "holds something else than text"), ("none/x", "No such file or directory")):
        path = tmp_path / name
        assert refusal(url, *words[:-1], str(path)) == f"{path}: {why}"
    assert await fetchval(url, "SELECT count(*) FROM api_token WHERE name = 'robot'") == 2


@pytest.mark.parametrize("customer", ["x", "999"])
@pytest.mark.parametrize("person", [[], ["--user", "admin@localhost"]], ids=str)
async def test_a_token_of_no_customer_is_refused(url: str, person: list[str], customer: str) -> None:
    assert refusal(url, "tokens", "add", "--name", "robot", *person, "--customer", customer) == NO_CUSTOMER


@pytest.mark.parametrize("days", ["0", "366", "x"])
def test_a_token_lives_at_most_a_year(days: str) -> None:
    done = run("tokens", "add", "--name", "robot", "--days", days)
    assert (done.returncode, "argument --days: must be 1 to 365 days" in done.stderr) == (2, True)


async def test_a_token_of_a_person_is_of_no_other_organization(url: str) -> None:
    run("organizations", "add", "Harbour", DATABASE_URL=url)
    words = ("tokens", "add", "--user", "admin@localhost", "--name", "robot", "--organization")
    assert refusal(url, *words, "Harbour") == "admin@localhost is of another organization than 'Harbour'"
    await fetchval(url, "UPDATE account SET role = 'global_admin' RETURNING 1")
    assert printed(url, *words, "Harbour")["organizationId"] == printed(url, "organizations", "list")[1]["number"]


def test_before_the_first_organization_the_commands_say_so(database_url: str) -> None:
    for words in (("users", "add", "a@example.com"), ("tokens", "add", "--name", "robot")):
        assert refusal(database_url, *words) == "there is no organization yet"
