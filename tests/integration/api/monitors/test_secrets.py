"""A mail password is shown only in the answer to its writer, and it is stored encrypted."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from controller.store.monitors.monitors import by_identifier
from controller.vault import logins_of
from shared import log
from shared.secret import Secret
from tests.integration.api import mailboxes
from tests.integration.api.conftest import Api
from tests.integration.table_rows import rows_of, tables

PASSWORD = "correct-horse-battery-staple"
CONFIG: dict[str, Any] = {
    "auth": {"user": "probe", "pass": PASSWORD},
    "headers": [{"accessToken": PASSWORD, "name": "x"}],
    "SECRET": {"nested": PASSWORD},
    "empty": {"password": "", "token": None},
}
MASKED: dict[str, Any] = {
    "auth": {"user": "probe", "pass": "********"},
    "headers": [{"accessToken": "********", "name": "x"}],
    "SECRET": "********",
    "empty": {"password": "", "token": None},
}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All log output at level debug, in the format of a controller."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    log.configure("debug", "console")
    text = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(text)
    yield text
    root.handlers[:], root.level = kept, level


async def test_the_password_is_in_the_answer_to_its_writer_and_nowhere_else(api: Api, logged: io.StringIO) -> None:
    made = await api.create(name="whose secret", smtpConfig=CONFIG)
    assert made["config"] == made["smtpConfig"] == CONFIG
    path = f"/api/smtp-monitors/{made['publicId']}"
    renamed = await api.client.patch(path, json={"name": "whose secret now"})
    assert renamed.json()["config"] == CONFIG

    reads = [
        await api.client.get(path),
        await api.client.get("/api/smtp-monitors", params={"search": "whose secret"}),
        await api.client.get(f"{path}/check-history"),
        await api.client.post(f"{path}/trigger-check"),
        await api.client.patch(path, json={"smtpConfig": {**CONFIG, "secure": "maybe"}}),
        await api.client.patch(path, content=f'{{"smtpConfig": {{"auth": {{"pass": "{PASSWORD}"'),
        await api.client.patch(path, content=f'{{"smtpConfig": "{PASSWORD}"}}'),
        await api.client.patch(path, content=f'{{"status": "{PASSWORD}"}}'),
    ]
    await api.value("ALTER TABLE monitor RENAME TO elsewhere")
    try:
        reads.append(await api.client.patch(path, json={"smtpConfig": CONFIG}))
        assert reads[-1].status_code == 500
    finally:
        await api.value("ALTER TABLE elsewhere RENAME TO monitor")
    assert reads[0].json()["config"] == reads[0].json()["smtpConfig"] == MASKED
    assert reads[1].json()["items"][0]["config"] == MASKED
    for answer in reads:
        assert PASSWORD not in answer.text
    assert "request_failed" in logged.getvalue()
    assert PASSWORD not in logged.getvalue()
    async with api.database.connection() as connection:
        for table in await tables(connection):
            assert PASSWORD not in "".join(await rows_of(connection, table)), table


async def test_the_password_and_access_token_of_a_mailbox_are_masked_and_kept_too(api: Api) -> None:
    config = {"user": "probe", "password": PASSWORD, "accessToken": f"{PASSWORD}-2", "tls": True}
    masked = {**config, "password": "********", "accessToken": "********"}
    made = await mailboxes.create(api, imapPopConfig=config)
    path = f"{mailboxes.PATH}/{made['publicId']}"
    assert made["config"] == made["imapPopConfig"] == config
    reads = [await api.client.get(path), await api.client.get(mailboxes.PATH, params={"perPage": 200})]
    assert reads[0].json()["config"] == reads[0].json()["imapPopConfig"] == masked
    for answer in reads:
        assert PASSWORD not in answer.text
    changed = await api.client.patch(path, json={"config": {**masked, "accessToken": None, "protocol": "pop3"}})
    assert changed.json()["config"] == {**config, "accessToken": None, "protocol": "pop3"}
    assert PASSWORD not in await api.value("SELECT config::text FROM monitor WHERE id = $1", made["id"])


async def test_a_mask_sent_back_keeps_the_stored_secret(api: Api) -> None:
    made = await api.create(smtpConfig=CONFIG)
    path = f"/api/smtp-monitors/{made['publicId']}"
    read = (await api.client.get(path)).json()["smtpConfig"]
    changed = await api.client.patch(path, json={"smtpConfig": {**read, "requireTls": True}})
    assert changed.json()["config"] == {**CONFIG, "requireTls": True}


async def test_a_mask_at_a_path_without_a_stored_secret_is_refused(api: Api) -> None:
    made = await api.create(smtpConfig={"auth": {"user": "u", "pass": PASSWORD}})
    answer = await api.client.patch(
        f"/api/smtp-monitors/{made['publicId']}", json={"smtpConfig": {"other": {"pass": "********"}}}
    )
    assert answer.status_code == 400
    assert "smtpConfig.other.pass" in answer.json()["message"]


async def test_the_same_config_sent_again_does_not_change_the_target(api: Api) -> None:
    made = await api.create(smtpConfig=CONFIG)
    changed_at = "SELECT target_changed_at FROM monitor WHERE id = $1"
    before = await api.value(changed_at, made["id"])
    path = f"/api/smtp-monitors/{made['publicId']}"
    await api.client.patch(path, json={"smtpConfig": CONFIG})
    await api.client.patch(path, json={"smtpConfig": MASKED})
    assert await api.value(changed_at, made["id"]) == before
    await api.client.patch(path, json={"smtpConfig": {**CONFIG, "SECRET": "another"}})
    assert await api.value(changed_at, made["id"]) > before


async def test_the_stored_password_is_what_the_agents_log_in_with(api: Api) -> None:
    made = await api.create(smtpConfig=CONFIG)
    stored = await by_identifier(api.database, made["organizationId"], ("smtp",), UUID(made["publicId"]))
    assert stored is not None
    login = logins_of(stored, api.vault).get("login")
    assert login is not None
    assert (login.user, login.password) == ("probe", Secret(PASSWORD))
