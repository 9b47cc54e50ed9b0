"""A monitor created through the routes of one vendor can be read and changed through those of the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api import mailboxes
from tests.integration.api.alertsite.client import PATH, create, edit, make_locations, read, stored
from tests.integration.api.conftest import Api

OTHER_PATH = {"email-smtp": "/api/smtp-monitors", "email-imap": mailboxes.PATH, "email-pop": mailboxes.PATH}


@pytest.fixture(scope="module", autouse=True)
async def _locations(api: Api) -> None:
    await make_locations(api, de="DE", us="US")


async def in_the_other_group(api: Api, number: str) -> dict[str, Any]:
    found = await read(api, number)
    answer = await api.client.get(f"{OTHER_PATH[found['type']]}/{found['public_id']}")
    assert answer.status_code == 200, answer.text
    other: dict[str, Any] = answer.json()
    return other


async def change_there(api: Api, number: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    found = await read(api, number)
    answer = await api.client.patch(f"{OTHER_PATH[found['type']]}/{found['public_id']}", json=fields)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("kind", "fields", "config"),
    [
        pytest.param(
            "email-smtp",
            {"hostname": "smtps://mail.example.com", "user": "alice", "password": "wonderland"},
            {"secure": True, "auth": {"user": "alice", "pass": "********"}},
            id="SMTP with TLS and a login",
        ),
        pytest.param(
            "email-smtp",
            {"hostname": "mail.example.com", "starttls": "never", "verify_certificate": False},
            {"secure": False, "ignoreTls": True, "requireTls": False, "tlsOptions": {"rejectUnauthorized": False}},
            id="SMTP in clear",
        ),
        pytest.param(
            "email-imap",
            {"hostname": "imaps://mail.example.com", "user": "alice", "password": "wonderland"},
            {"protocol": "imap", "tls": True, "user": "alice", "password": "********"},
            id="IMAP with TLS and a login",
        ),
        pytest.param(
            "email-pop",
            {"hostname": "mail.example.com", "starttls": "required"},
            {"protocol": "pop3", "tls": False, "starttls": "required"},
            id="POP3 with STLS",
        ),
    ],
)
async def test_an_alertsite_monitor_is_read_with_the_keys_of_uptimeify(
    api: Api, kind: str, fields: dict[str, Any], config: dict[str, Any]
) -> None:
    number = await create(api, kind, interval=20, timeout=40, **fields)
    other = await in_the_other_group(api, number)
    assert other["id"] == int(number)
    assert other["config"] == config
    assert (other["hostname"], other["checkInterval"], other["timeoutSeconds"]) == ("mail.example.com", 20, 40)
    listed = (await api.client.get(f"{OTHER_PATH[kind]}?perPage=200")).json()["items"]
    assert int(number) in [monitor["id"] for monitor in listed]


async def test_an_uptimeify_monitor_is_read_through_alertsites_routes(api: Api) -> None:
    made = await api.create(port=465, checkInterval=5, smtpConfig={"secure": True, "auth": {"user": "a", "pass": "b"}})
    found = await read(api, str(made["id"]))
    assert found["type"] == "email-smtp"
    assert found["public_id"] == made["publicId"]
    assert (found["hostname"], found["port"], found["interval"]) == ("smtps://smtp.example.com", 465, 5)
    assert (found["user"], found["mode"], found["retry_on_failure"]) == ("a", None, False)
    assert "password" not in found
    listed = (await api.client.get(f"{PATH}/monitors?select=id")).json()["results"]
    assert {"id": made["id"]} in listed


async def test_flags_that_mean_nothing_with_tls_may_contradict_each_other(api: Api) -> None:
    """One such monitor must not make the whole list fail."""
    made = await api.create(smtpConfig={"secure": True, "ignoreTls": True, "requireTls": True})
    assert (await api.client.get(f"{PATH}/monitors")).status_code == 200
    found = await edit(api, str(made["id"]), name="Renamed here")
    assert (found["name"], found["hostname"], found["starttls"]) == (
        "Renamed here",
        "smtps://smtp.example.com",
        "required",
    )
    found = await edit(api, str(made["id"]), hostname="smtp.example.com", starttls="never")
    assert (found["hostname"], found["starttls"]) == ("smtp.example.com", "never")


async def test_the_protocol_of_a_mailbox_monitor_is_its_type(api: Api) -> None:
    made = await mailboxes.create(api, imapPopConfig={"protocol": "imap", "tls": True})
    number = str(made["id"])
    assert (await read(api, number))["type"] == "email-imap"
    status, _ = await change_there(api, number, imapPopConfig={"protocol": "pop3"})
    assert status == 200
    found = await read(api, number)
    assert (found["type"], found["hostname"], found["port"]) == ("email-pop", "mail.example.com", 110)


async def test_a_change_in_one_group_is_seen_in_the_other(api: Api) -> None:
    number = await create(api)
    status, _ = await change_there(api, number, name="Renamed there", status="disabled", checkInterval=7)
    assert status == 200
    found = await read(api, number)
    assert (found["name"], found["enabled"], found["interval"]) == ("Renamed there", False, 7)
    await edit(api, number, name="Renamed here", enabled=True, port=2525)
    other = await in_the_other_group(api, number)
    assert (other["name"], other["status"], other["port"]) == ("Renamed here", "active", 2525)


async def test_deleted_in_one_group_is_gone_from_the_other(api: Api) -> None:
    number = await create(api)
    found = await read(api, number)
    assert (await api.client.delete(f"{PATH}/monitors/{number}")).status_code == 204
    assert (await api.client.get(f"/api/smtp-monitors/{found['public_id']}")).status_code == 404


@pytest.mark.parametrize("kind", ["email-smtp", "email-imap", "email-pop"])
async def test_a_monitor_sent_back_as_it_was_read_does_not_change(api: Api, kind: str) -> None:
    [here, _] = (await make_locations(api, de="DE", us="US")).values()
    number = await create(
        api,
        kind,
        hostname="mail.example.com:2525",
        user="alice",
        password="wonderland",
        locations=[{"id": here}],
        ipv4="192.0.2.1",
        custom_properties=[{"id": 1, "value": "x"}],
        note="n",
        alert_note="a",
    )
    before = await stored(api, number)
    await edit(api, number, kind, **(await read(api, number)))
    assert await stored(api, number) == before
    other = await in_the_other_group(api, number)
    status, _ = await change_there(api, number, **other)
    assert status == 200
    assert await stored(api, number) == before


async def test_a_timeout_only_this_group_allows_stays_when_the_other_sends_it_back(api: Api) -> None:
    number = await create(api, timeout=300)
    assert (await in_the_other_group(api, number))["timeoutSeconds"] == 300
    status, answer = await change_there(api, number, name="Other", timeoutSeconds=300)
    assert (status, answer["timeoutSeconds"], answer["name"]) == (200, 300, "Other")
    status, answer = await change_there(api, number, name="Without it")
    assert (status, answer["timeoutSeconds"]) == (200, 300)
    status, answer = await change_there(api, number, timeoutSeconds=299)
    assert (status, answer["message"]) == (400, "timeoutSeconds must be from 1 to 60")
    status, answer = await change_there(api, number, checkInterval=4)
    assert (status, answer["message"]) == (400, "timeoutSeconds must not be longer than the interval (240 s)")


async def test_what_only_the_other_group_can_say_stays_when_this_one_sends_it_back(api: Api) -> None:
    made = await api.create(checkIntervalSeconds=30, timeoutSeconds=30, status="maintenance")
    number = str(made["id"])
    shown = await read(api, number)
    assert (shown["interval"], shown["timeout"], shown["enabled"]) == (1, 30, True)
    await edit(api, number, interval=1, timeout=30, enabled=True, mode=None, note="only this is new")
    other = await in_the_other_group(api, number)
    assert (other["checkIntervalSeconds"], other["timeoutSeconds"], other["status"]) == (30, 30, "maintenance")


async def test_a_new_host_sets_tls_and_keeps_the_rest_of_the_config(api: Api) -> None:
    config = {"secure": True, "auth": {"user": "a", "pass": "b"}, "theirs": [1]}
    made = await api.create(port=465, smtpConfig=config)
    found = await edit(api, str(made["id"]), hostname="new.example.com", port=25)
    assert (found["hostname"], found["port"], found["user"]) == ("new.example.com", 25, "a")
    other = await in_the_other_group(api, str(made["id"]))
    assert other["config"] == {"secure": False, "auth": {"user": "a", "pass": "********"}, "theirs": [1]}


@pytest.mark.parametrize(
    ("sent", "shown", "port"),
    [
        pytest.param(
            {"hostname": "smtps://new.example.com"},
            "smtps://new.example.com",
            465,
            id="no port: the default of the scheme",
        ),
        pytest.param({"hostname": "new.example.com:26"}, "new.example.com:26", 26, id="a port in the host name"),
        pytest.param({"hostname": "new.example.com:26", "port": 27}, "new.example.com", 27, id="the port sent wins"),
        pytest.param({"port": None}, "mail.example.com", 25, id="the port is removed"),
    ],
)
async def test_the_port_in_a_host_name_is_replaced_with_the_name(
    api: Api, sent: dict[str, Any], shown: str, port: int
) -> None:
    number = await create(api, hostname="mail.example.com:2525")
    assert (await read(api, number))["hostname"] == "mail.example.com:2525"
    found = await edit(api, number, **sent)
    assert (found["hostname"], found["port"]) == (shown, port)


async def test_a_port_sent_by_itself_stays_with_a_new_host(api: Api) -> None:
    number = await create(api, port=587)
    assert (await edit(api, number, hostname="new.example.com"))["port"] == 587


async def test_a_host_changed_in_the_other_group_is_resolved_by_dns_again(api: Api) -> None:
    number = await create(api, ipv4="192.0.2.1", resolve_dns=False)
    assert (await edit(api, number, hostname="new.example.com"))["resolve_dns"] is False
    status, _ = await change_there(api, number, hostname="new.example.com", name="Same host")
    assert (status, (await read(api, number))["resolve_dns"]) == (200, False)
    status, _ = await change_there(api, number, hostname="newer.example.com")
    assert (status, (await read(api, number))["resolve_dns"]) == (200, True)
