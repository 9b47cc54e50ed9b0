"""The fields of AlertSite's monitors that change what is dispatched: each shows in the requests on the stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.notify.channels import open_senders
from controller.operations.channels.channels import Outlets
from controller.store.accounts.tokens import new_token
from controller.vault import Vault, VaultKeys
from shared.nats.bus import Bus
from shared.wire.messages import CheckRequest
from shared.wire.rounds import Purpose
from shared.wire.sealing import open_login
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.integration.api.conftest import RecordingDispatcher, client_of
from tests.integration.pipeline.schedule.alertsite_rounds import COUNTRIES, Scheduled, scheduling
from tests.integration.pipeline.scheduling import KEY, until_leader_knows
from tests.integration.pipeline.small_installation import SmallInstallation


@pytest.fixture
async def scheduled(small_installation: SmallInstallation, database_url: str, bus: Bus) -> AsyncIterator[Scheduled]:
    await small_installation.begin("FR")  # a third location, and the token's organization
    token = new_token().reveal()
    await small_installation.value(
        "INSERT INTO api_token (organization_id, name, token_hash, hint)"
        " SELECT max(id), 'test', sha256($1::text::bytea), 'wsm_' FROM organization",
        token,
    )
    numbers = dict(await small_installation.rows("SELECT code, id FROM location"))
    async with open_senders(relay=None, sms_url=None) as senders:
        vault, broker = Vault(VaultKeys(KEY)), RecordingDispatcher()
        services = Services(
            database=small_installation.db, vault=vault, dispatcher=broker, bus=bus, outlets=Outlets(senders)
        )
        async with (
            client_of(create_application(services)) as client,
            scheduling(small_installation, database_url) as controller,
        ):
            client.headers["Authorization"] = f"Bearer {token}"
            yield Scheduled(small_installation, controller, client, numbers)


def locations_of(requests: list[CheckRequest]) -> list[str]:
    return [request.location for request in requests]


async def test_without_any_of_them_every_location_checks_at_once(scheduled: Scheduled) -> None:
    found = await scheduled.first_round()
    assert locations_of(found) == ["de", "fr", "us"]
    assert {request.purpose for request in found} == {Purpose.SCHEDULED}


async def test_interval_is_when_rounds_are_due_and_how_late_one_may_begin(scheduled: Scheduled) -> None:
    number = await scheduled.create(interval=1)
    for request in await scheduled.next_round():
        assert request.start_by - request.due_at == timedelta(seconds=30)
    await scheduled.edit(number, interval=30, hostname="other.example.com")
    for request in await scheduled.next_round():
        assert request.start_by - request.due_at == timedelta(seconds=60)
    moments = await scheduled.rounds(number, 2)  # rounds are half a minute apart, not an hour
    assert len(moments) == 2


async def test_timeout_is_how_long_a_check_may_take(scheduled: Scheduled) -> None:
    found = await scheduled.first_round(timeout="250")
    assert {request.timeout_seconds for request in found} == {250}


async def test_enabled_is_whether_any_location_checks(scheduled: Scheduled) -> None:
    number = await scheduled.create(enabled=False)
    assert await scheduled.take(seconds=0.8) == []
    await scheduled.edit(number, enabled=True)
    assert locations_of(await scheduled.next_round()) == ["de", "fr", "us"]
    assert await scheduled.rounds(number, 1) == [["de", "fr", "us"]]
    await scheduled.edit(number, enabled=False)
    await until_leader_knows(scheduled.installation, *COUNTRIES)
    await scheduled.controller.advance(30_000)
    assert await scheduled.take() == []


@pytest.mark.parametrize(
    ("path", "fields", "target"),
    [
        pytest.param(
            "email-smtp",
            {},
            SmtpTarget(host="smtp.example.com", port=25),
            id="SMTP on its own port, STARTTLS if offered",
        ),
        pytest.param(
            "email-smtp", {"port": "587"}, SmtpTarget(host="smtp.example.com", port=587), id="the port that was sent"
        ),
        pytest.param(
            "email-smtp",
            {"hostname": "smtps://mail.example.com"},
            SmtpTarget(host="mail.example.com", port=465, tls=TlsMode.IMPLICIT),
            id="smtps: TLS from the first byte on its port",
        ),
        pytest.param(
            "email-smtp",
            {"hostname": "smtps://mail.example.com:8465", "port": 9465},
            SmtpTarget(host="mail.example.com", port=9465, tls=TlsMode.IMPLICIT),
            id="the port that was sent wins over the protocol's own",
        ),
        pytest.param(
            "email-smtp",
            {"hostname": "mail.example.com:2525", "starttls": "required", "verify_certificate": False},
            SmtpTarget(host="mail.example.com", port=2525, tls=TlsMode.REQUIRED, verify_certificate=False),
            id="a host with a port, STARTTLS required",
        ),
        pytest.param(
            "email-imap",
            {"hostname": "imap://mail.example.com"},
            ImapTarget(host="mail.example.com", port=143, tls=TlsMode.NONE),
            id="imap: unencrypted",
        ),
        pytest.param(
            "email-imap",
            {"hostname": "imaps://mail.example.com", "port": ""},
            ImapTarget(host="mail.example.com", port=993, tls=TlsMode.IMPLICIT),
            id="imaps, and an empty port means its own",
        ),
        pytest.param(
            "email-pop",
            {"hostname": "pop3s://[2001:db8::1]:8995"},
            Pop3Target(host="2001:db8::1", port=8995, tls=TlsMode.IMPLICIT),
            id="pop3s at an IPv6 address",
        ),
        pytest.param(
            "email-pop",
            {"hostname": "mail.example.com", "starttls": "opportunistic"},
            Pop3Target(host="mail.example.com", port=110, tls=TlsMode.OPPORTUNISTIC),
            id="POP3 with STLS if offered",
        ),
        pytest.param(
            "email-smtp",
            {"resolve_dns": False, "ipv4": "192.0.2.25"},
            SmtpTarget(host="smtp.example.com", port=25, address="192.0.2.25"),
            id="without resolve_dns the address is used, and the certificate must still match the name",
        ),
        pytest.param(
            "email-smtp",
            {"resolve_dns": True, "ipv4": "192.0.2.25"},
            SmtpTarget(host="smtp.example.com", port=25),
            id="with resolve_dns the address is only stored",
        ),
        pytest.param(
            "email-smtp",
            {"resolve_dns": False, "hostname": "192.0.2.25", "ipv4": "192.0.2.25"},
            SmtpTarget(host="192.0.2.25", port=25, address="192.0.2.25"),
            id="an address in both fields, as in the vendor's pages",
        ),
    ],
)
async def test_the_server_to_check(scheduled: Scheduled, path: str, fields: dict[str, Any], target: object) -> None:
    found = await scheduled.first_round(path, **fields)
    assert len(found) == len(COUNTRIES)
    assert [request.target for request in found] == [target] * len(COUNTRIES)


async def test_switching_resolve_dns_off_begins_a_round_at_once(scheduled: Scheduled) -> None:
    number = await scheduled.create(ipv4="192.0.2.25")
    assert {server.address for request in await scheduled.next_round() for server in request.target.endpoints} == {None}
    await scheduled.edit(number, resolve_dns=False)
    assert {server.address for request in await scheduled.next_round() for server in request.target.endpoints} == {
        "192.0.2.25"
    }


async def test_user_and_password_reach_the_locations_that_check(scheduled: Scheduled) -> None:
    [request] = await scheduled.first_round(
        hostname="smtps://smtp.example.com", user="alice", password="wonderland", locations=scheduled.locations("fr")
    )
    assert request.sealed_login
    key = scheduled.installation.sealing_keys["fr"]
    login = open_login(request.sealed_login, key, monitor=request.monitor_id, location="fr")
    assert (login.user, login.password.reveal()) == ("alice", "wonderland")


async def test_locations_are_those_that_check(scheduled: Scheduled) -> None:
    number = await scheduled.create(locations=scheduled.locations("us", "de"))
    assert locations_of(await scheduled.next_round()) == ["de", "us"]
    await scheduled.edit(number, locations=scheduled.locations("fr"), hostname="other.example.com")
    assert locations_of(await scheduled.next_round()) == ["fr"]


async def test_the_accounts_locations_check_when_none_are_named(scheduled: Scheduled) -> None:
    answer = await scheduled.client.patch(
        "/api/v3/account-defaults", json={"locations": scheduled.locations("fr", "us")}
    )
    assert answer.status_code == 200, answer.text
    assert locations_of(await scheduled.first_round()) == ["fr", "us"]


async def test_rotation_lets_so_many_locations_check_in_turn(scheduled: Scheduled) -> None:
    number = await scheduled.create(rotate_locations=True, monitor_location_count=2)
    first, second, third = await scheduled.rounds(number, 3)
    assert [len(first), len(second), len(third)] == [2, 2, 2]
    assert sorted(first + second + third) == ["de", "de", "fr", "fr", "us", "us"]


async def test_the_number_of_locations_counts_only_with_rotation(scheduled: Scheduled) -> None:
    assert locations_of(await scheduled.first_round(monitor_location_count=1)) == ["de", "fr", "us"]
    assert len(await scheduled.first_round(rotate_locations=True, monitor_location_count=1)) == 1


@pytest.mark.parametrize(
    ("mode", "at_once"),
    [
        pytest.param("Round Robin", 1, id="Round Robin uses one location a round"),
        pytest.param("Primary", 3, id="Primary does not rotate"),
        pytest.param("Global Notify", 2, id="Global Notify rotates as configured"),
        pytest.param("Global Verify", 2, id="Global Verify rotates as configured"),
        pytest.param("SLA", 2, id="SLA rotates as configured"),
    ],
)
async def test_mode_is_how_many_locations_check_in_a_round(scheduled: Scheduled, mode: str, at_once: int) -> None:
    found = await scheduled.first_round(mode=mode, rotate_locations=True, monitor_location_count=2)
    assert len(found) == at_once


async def test_round_robin_goes_round(scheduled: Scheduled) -> None:
    number = await scheduled.create(mode="Round Robin")
    found = await scheduled.rounds(number, 3)
    assert sorted(found) == [["de"], ["fr"], ["us"]]
