"""Every command that changes something leaves an entry in the audit log, with the user who ran it, and no secret."""

from __future__ import annotations

import argparse
import getpass
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.commands.line import _parser
from controller.store.audit import entries
from controller.store.audit.entries import AuditFilter, Scope
from controller.store.platform.pool import Database
from tests.integration.test_commands import NATS_URL, bootstrap, run

UNRECORDED = {
    "serve": "what it does by itself is not recorded, what it is asked to do by the API is",
    "migrate": "it changes the schema, and nothing that anybody has set",
    "new-vault-key": "it prints a key and changes nothing",
    "watch": "it reads",
    "trust new": "it makes the keys of an installation that has no database yet",
    "trust nats-config": "it prints",
    "trust show": "it prints",
    "locations list": "it prints",
    "organizations list": "it prints",
}
CHANGING = {
    "bootstrap": "organization.created",
    "login-link": "login_link.created",
    "organizations add": "organization.created",
    "organizations rename": "organization.changed",
    "users add": "user.created",
    "tokens add": "token.created",
    "machine-token": "token.created",
    "locations add": "location.added",
    "locations rotate": "location.rotated",
    "locations disable": "location.disabled",
    "locations enable": "location.enabled",
    "locations remove": "location.removed",
    "stream-credentials": "subscriber.added",
    "rotate-keys": "vault.keys_rotated",
    "trust rotate-requests": "trust.key_added",
    "trust allow-unsigned": "location.unsigned_allowed",
    "trust refuse-unsigned": "location.unsigned_refused",
}


def commands(parser: argparse.ArgumentParser, words: str = "") -> Iterator[str]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield words
    for action in inner:
        for name, child in action.choices.items():
            yield from commands(child, f"{words} {name}".strip())


def test_every_command_is_in_a_table() -> None:
    """A new command makes this test fail until it is in CHANGING, or in UNRECORDED with a reason."""
    assert set(commands(_parser())) == CHANGING.keys() | UNRECORDED.keys()


@pytest.mark.parametrize("step", ["", "--use", "--drop"])
def test_the_trust_file_is_changed_without_a_database_too(tmp_path: Path, step: str) -> None:
    file = str(tmp_path / "trust")
    assert run("trust", "new", "--file", file).returncode == 0
    for argument in ("", "--use", "--drop"):
        done = run("trust", "rotate-requests", "--trust-file", file, *([argument] if argument else []))
        assert (done.returncode, done.stderr) == (0, "")
        assert "not in the audit log: MAILPROBE_DATABASE_URL is not set here" in done.stdout
        if argument == step:
            break


async def test_each_leaves_an_entry_with_the_user_who_ran_it(database_url: str, tmp_path: Path) -> None:
    trust, key = str(tmp_path / "trust"), run("new-vault-key").stdout.strip()
    settings = {"DATABASE_URL": database_url, "TRUST_FILE": trust, "NATS_URL": NATS_URL, "VAULT_KEYS": key}

    def done(*words: str) -> str:
        made = run(*words, **settings)
        assert made.returncode == 0, made.stderr
        return made.stdout

    done("trust", "new", "--file", trust)
    assert bootstrap(tmp_path, database_url).returncode == 0
    done("login-link")
    done("organizations", "add", "Another")
    done("organizations", "rename", "Another", "Other")
    person = done("users", "add", "a@example.com", "--organization", "Other", "--role", "admin", "--json")
    token = done("tokens", "add", "--user", "a@example.com", "--name", "robot", "--json")
    done("machine-token", "--file", f"{tmp_path}/machine")
    enrolment = ("--enrolment", f"{tmp_path}/de.agent")
    done("locations", "add", "de", "--country", "DE", *enrolment)
    done("locations", "rotate", "de", *enrolment)
    done("trust", "refuse-unsigned", "de")
    done("trust", "allow-unsigned", "de")
    done("locations", "disable", "de")
    done("locations", "enable", "de")
    done("locations", "disable", "de")
    done("locations", "remove", "de")
    done("stream-credentials", "--organization", "Mailprobe", "--output", f"{tmp_path}/reader.creds")
    consumer = (tmp_path / "reader.creds").read_text().partition("Consumer:")[2].split()[0]
    done("stream-credentials", "--revoke", consumer)
    done("rotate-keys")
    for step in ([], ["--use"], ["--drop"]):
        done("trust", "rotate-requests", *step)
    async with Database.open(database_url) as database:
        found = await entries.page_of(database, Scope(None, True), AuditFilter(), before=None, limit=100)
        async with database.connection() as connection:
            whole = str(await connection.fetchval("SELECT string_agg(audit::text, ' ') FROM audit"))
    assert [entry.action for entry in reversed(found)] == [
        "organization.created",
        "login_link.created",
        "organization.created",
        "organization.changed",
        "user.created",
        "token.created",
        "token.created",
        "location.added",
        "location.rotated",
        "location.unsigned_refused",
        "location.unsigned_allowed",
        "location.disabled",
        "location.enabled",
        "location.disabled",
        "location.removed",
        "subscriber.added",
        "subscriber.revoked",
        "vault.keys_rotated",
        "trust.key_added",
        "trust.key_used",
        "trust.key_dropped",
    ]
    assert set(CHANGING.values()) <= {entry.action for entry in found}
    for entry in found:
        assert (entry.actor_kind, entry.address) == ("command", socket.gethostname())
        assert (entry.actor_name or "").startswith(getpass.getuser())
    secrets = [(tmp_path / name).read_text().strip() for name in ("token", "password", "machine")]
    secrets += [key, "SEED", "-----BEGIN", json.loads(person)["password"], json.loads(token)["token"]]
    assert not [secret for secret in secrets if secret in whole]


async def test_a_command_behind_sudo_names_both_users(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    assert bootstrap(tmp_path, database_url).returncode == 0
    async with Database.open(database_url) as database:
        [entry] = await entries.page_of(database, Scope(None, True), AuditFilter(), before=None, limit=9)
    assert entry.actor_name == f"{getpass.getuser()} (sudo by alice)"
