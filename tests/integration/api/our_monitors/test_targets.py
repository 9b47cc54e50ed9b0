"""The target of every kind has one shape, which is stored as the vendors' groups store theirs."""

from __future__ import annotations

from typing import Any

import pytest

from shared.wire.targets import KINDS
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.our_monitors.asking import PATH, SECRET, TARGETS, body, config_of, create, problems

COMMON: dict[str, Any] = {
    "port": 4000,
    "verifyCertificate": False,
    "certificateWarningDays": 0,
    "ipFamily": "ipv4",
    "slowAfterMs": 1500,
    "address": "192.0.2.25",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_sent_is_answered_by_every_kind(api: Api, kind: str) -> None:
    sent = {**COMMON, "login": {"user": "probe", "password": SECRET}}
    made = await create(api, kind, target=sent)
    login = {"user": "probe", "hasPassword": True, "hasAccessToken": False}
    expected = {"kind": kind, **TARGETS[kind], **COMMON, "login": login}
    assert {name: made["target"][name] for name in expected} == expected
    answer = await api.client.get(f"{PATH}/{made['id']}")
    assert answer.json() == made
    assert SECRET not in answer.text


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_read_can_be_sent_back_and_changes_nothing(api: Api, kind: str) -> None:
    made = await create(api, kind, target={**COMMON, "login": {"user": "probe", "password": SECRET}})
    before = await config_of(api, made)
    for method in ("PUT", "PATCH"):
        answer = await api.client.request(method, f"{PATH}/{made['id']}", json=made)
        assert answer.status_code == 200, answer.text
        assert answer.json() == made
    assert await config_of(api, made) == before


async def test_a_config_of_a_vendors_group_keeps_what_this_shape_does_not_have(api: Api) -> None:
    config = {
        "secure": "true",
        "pool": {"size": 3},
        "auth": {"user": "u", "pass": SECRET, "type": "login"},
        "tlsOptions": {"minVersion": "TLSv1.2", "key": "a private key"},
    }
    made = await api.create(smtpConfig=config)
    path = f"{PATH}/{made['publicId']}"
    shown = (await api.client.get(path)).json()
    assert shown["target"]["tls"] == "implicit"
    assert shown["target"]["login"] == {"user": "u", "hasPassword": True, "hasAccessToken": False}
    changed = await api.client.put(path, json=shown)
    assert changed.status_code == 200, changed.text
    assert await config_of(api, shown) == config
    patched = await api.client.patch(path, json={"target": {"verifyCertificate": False, "tls": "required"}})
    assert patched.status_code == 200, patched.text
    assert await config_of(api, shown) == {
        "requireTls": True,
        "pool": {"size": 3},
        "auth": {"user": "u", "pass": SECRET, "type": "login"},
        "tlsOptions": {"minVersion": "TLSv1.2", "key": "a private key", "rejectUnauthorized": False},
    }


async def test_a_stored_target_that_is_not_understood_still_answers(api: Api) -> None:
    made = await create(api)
    await api.value("""UPDATE monitor SET config = '{"secure": 7}' WHERE public_id = $1::text::uuid""", made["id"])
    assert (await api.client.get(f"{PATH}/{made['id']}")).json()["target"] is None
    renamed = await api.client.patch(f"{PATH}/{made['id']}", json={"target": TARGETS["pop3"] | {"kind": "pop3"}})
    assert renamed.json()["target"]["host"] == "pop.example.com"


@pytest.mark.parametrize(
    ("change", "stored"),
    [
        pytest.param({"target": {}}, SECRET, id="nothing"),
        pytest.param({"target": {"login": {"user": "probe"}}}, SECRET, id="a login without its secret"),
        pytest.param({"target": {"login": {"password": "new"}}}, "new", id="a new one"),
        pytest.param({"target": {"login": {"password": None}}}, None, id="null"),
        pytest.param({"target": {"login": None}}, None, id="no login"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_secret_stays_unless_it_is_sent(api: Api, change: Any, stored: str | None, method: str) -> None:
    made = await create(api, target={"login": {"user": "probe", "password": SECRET}})
    sent = change if method == "PATCH" else body(**change)
    if method == "PUT" and sent["target"].get("login"):
        sent["target"]["login"] |= {"user": "probe"}
    answer = await api.client.request(method, f"{PATH}/{made['id']}", json=sent)
    assert answer.status_code == 200, answer.text
    config = await config_of(api, made)
    assert config.get("auth", {}).get("pass") == stored
    login = answer.json()["target"]["login"]
    assert (login or {}).get("hasPassword", False) == (stored is not None)


async def test_an_access_token_takes_the_place_of_a_password(api: Api) -> None:
    made = await create(api, "imap", target={"login": {"user": "probe", "password": SECRET}})
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"target": {"login": {"accessToken": "ya29"}}})
    assert answer.json()["target"]["login"] == {"user": "probe", "hasPassword": False, "hasAccessToken": True}
    both = {"user": "probe", "password": "a", "accessToken": "b"}
    refused = await api.client.patch(f"{PATH}/{made['id']}", json={"target": {"login": both}})
    assert "target.login" in problems(refused)


@pytest.mark.parametrize(("before", "after"), [("smtp", "imap"), ("imap", "pop3"), ("pop3", "smtp")])
async def test_another_kind_keeps_the_monitor_and_its_login(api: Api, before: str, after: str) -> None:
    made = await create(api, before, target={"login": {"user": "probe", "password": SECRET}})
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"kind": after})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["id"], changed["kind"], changed["target"]["kind"]) == (made["id"], after, after)
    assert changed["target"]["host"] == made["target"]["host"]
    assert changed["target"]["login"] == made["target"]["login"]
    config = await config_of(api, made)
    assert config.get("protocol", "smtp") == after
    assert (config["auth"]["pass"] if after == "smtp" else config["password"]) == SECRET


async def test_the_kind_may_stand_beside_the_target(api: Api) -> None:
    sent = {"name": "Mail", "customerId": CUSTOMER, "kind": "imap", "target": {"host": "a.example.com"}}
    answer = await api.client.post(PATH, json=sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["target"]["tls"] == "implicit"
    other = await api.client.post(PATH, json=sent | {"target": {"host": "a.example.com", "kind": "smtp"}})
    assert list(problems(other)) == ["kind"]
    none = await api.client.post(PATH, json=sent | {"kind": "telnet"})
    assert "smtp" in problems(none)["kind"]
    missing = await api.client.post(PATH, json={name: value for name, value in sent.items() if name != "kind"})
    assert problems(missing) == {"target.kind": "is required"}
