"""An e-mail about a mail server that is down cannot be received by that very server: the channel says so."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.notify.mx_lookup import LOOKUP_SECONDS, Exchangers
from shared.nats.bus import Bus
from tests.fakes.name_server import Wrong, serving
from tests.integration.api.channel_desk import CHANNELS, Desk, desk
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api

WARNING = (
    "mail for {domain} is served by {host}, which is monitored here: an alert about that host will not arrive when it"
    " matters"
)

ZONE: dict[str, list[str] | Wrong] = {
    "exchanged.test": ["MX 20 backup.exchanged.test", "MX 10 mx.hoster.test"],
    "mx.hoster.test": ["192.0.2.25"],
    "itself.test": ["192.0.2.26"],
    "receives-nothing.test": ["MX 0 ."],
    "silent.test": Wrong.SILENCE,
    "broken.test": Wrong.FAILURE,
    "xn--bcher-kva.test": ["MX 10 mail.xn--bcher-kva.test"],
}


@pytest.fixture(scope="module")
async def office(api: Api, module_bus: Bus) -> AsyncIterator[Desk]:
    async with desk(api, module_bus, zone=ZONE) as made:
        yield made


@pytest.fixture(autouse=True)
async def _nothing_is_monitored(api: Api) -> None:
    await api.value("DELETE FROM notification_channel")
    await api.value("DELETE FROM monitor")
    await api.value("DELETE FROM mail_route")


CASES = [
    pytest.param("ops@exchanged.test", "mx.hoster.test", True, id="its mail exchanger"),
    pytest.param("ops@exchanged.test", "Backup.Exchanged.test.", True, id="its second one, however it is written"),
    pytest.param("ops@exchanged.test", "192.0.2.25", True, id="the address of its mail exchanger"),
    pytest.param("ops@exchanged.test", "exchanged.test", True, id="the domain itself"),
    pytest.param("ops@itself.test", "itself.test", True, id="without MX the domain itself"),
    pytest.param("ops@itself.test", "192.0.2.26", True, id="without MX the domain's address"),
    pytest.param("ops@bücher.test", "mail.bücher.test", True, id="an international domain"),
    pytest.param("ops@broken.test", "broken.test", True, id="name servers that fail, but the same name"),
    pytest.param("ops@exchanged.test", "smtp.exchanged.test", False, id="another host of the domain"),
    pytest.param("ops@itself.test", "mx.hoster.test", False, id="another domain's mail exchanger"),
    pytest.param("ops@broken.test", "mx.broken.test", False, id="name servers that fail"),
]


@pytest.mark.parametrize(("address", "monitored", "warned"), CASES)
async def test_a_domain_whose_mail_server_is_monitored(
    office: Desk, address: str, monitored: str, warned: bool
) -> None:
    await office.api.create(hostname=monitored)
    made = await office.create(config={"email": address})
    assert [bool(made["warnings"])] == [warned], made["warnings"]
    if warned:
        assert made["warnings"][0].endswith("an alert about that host will not arrive when it matters")
    assert [channel["warnings"] for channel in await office.listed()] == [made["warnings"]]


async def test_the_warning_names_domain_and_host_and_nobodys_monitor(office: Desk) -> None:
    await office.api.create(hostname="mx.hoster.test", name="Secret plans", customerId=OTHER_CUSTOMER)
    made = await office.create(config={"to": "a@itself.test, ops@exchanged.test"}, customerId=CUSTOMER)
    assert made["warnings"] == [WARNING.format(domain="exchanged.test", host="mx.hoster.test")]


async def test_a_mailbox_that_a_monitor_logs_in_to_is_where_mail_of_its_domain_is_read(office: Desk) -> None:
    await office.client.post(
        "/api/imap-pop-monitors",
        json={
            "customerId": CUSTOMER,
            "name": "M",
            "hostname": "imap.hoster.test",
            "imapPopConfig": {"user": "probe@itself.test", "password": "x", "tls": True},
        },
    )
    made = await office.create(config={"email": "ops@itself.test"})
    assert "imap.hoster.test" in made["warnings"][0]


async def test_the_warning_comes_and_goes_with_the_monitor_and_with_the_address(office: Desk) -> None:
    made = await office.create(config={"email": "ops@exchanged.test"})
    assert made["warnings"] == []
    monitor = await office.api.create(hostname="mx.hoster.test")

    async def warned() -> bool:
        return [bool(channel["warnings"]) for channel in await office.listed()] == [True]

    assert await warned()
    path = f"/api/smtp-monitors/{monitor['publicId']}"
    await office.client.patch(path, json={"status": "disabled"})
    assert not await warned()
    await office.client.patch(path, json={"status": "active"})
    assert await warned()
    changed = await office.client.patch(f"{CHANNELS}/{made['id']}", json={"config": {"email": "ops@itself.test"}})
    assert changed.json()["warnings"] == []
    again = await office.client.patch(f"{CHANNELS}/{made['id']}", json={"config": {"email": "ops@exchanged.test"}})
    assert len(again.json()["warnings"]) == 1
    tried = await office.try_out("email", {"email": "ops@exchanged.test"}, dryRun=True)
    assert tried["validation"]["warnings"] == again.json()["warnings"]


async def test_a_monitor_warns_of_its_own_address_and_of_its_customers(office: Desk) -> None:
    body: dict[str, Any] = {"customerId": CUSTOMER, "name": "M", "hostname": "mx.hoster.test"}
    warned = [WARNING.format(domain="exchanged.test", host="mx.hoster.test")]
    made = (await office.client.post("/api/smtp-monitors", json=body)).json()
    assert made["warnings"] == []
    path = f"/api/smtp-monitors/{made['publicId']}"
    changed = await office.client.patch(path, json={"notificationEmail": "ops@exchanged.test"})
    assert changed.json()["warnings"] == warned
    assert (await office.client.get(path)).json()["warnings"] == warned
    elsewhere = await office.client.patch(path, json={"notificationEmail": "ops@itself.test"})
    assert elsewhere.json()["warnings"] == []
    customer = f"/api/customers/{CUSTOMER}"
    await office.client.patch(customer, json={"notificationEmail": "ops@exchanged.test"})
    try:
        own = await office.client.patch(path, json={"notificationEmail": None})
        assert own.json()["warnings"] == warned
        created = await office.client.post("/api/imap-pop-monitors", json=body)
        assert created.json()["warnings"] == warned
    finally:
        await office.client.patch(customer, json={"notificationEmail": None})


async def test_another_organizations_monitor_warns_nobody(api: Api, office: Desk) -> None:
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    customers = (await office.client.get("/api/customers", headers=headers)).json()
    body: dict[str, Any] = {"customerId": customers[0]["id"], "name": "M", "hostname": "mx.hoster.test"}
    assert (await office.client.post("/api/smtp-monitors", json=body, headers=headers)).status_code == 200
    assert (await office.create(config={"email": "ops@exchanged.test"}))["warnings"] == []


async def test_other_types_are_not_looked_up(api: Api, office: Desk) -> None:
    await office.create(type="webhook", name="Hook", config={"url": "http://127.0.0.1:9/", "email": "a@exchanged.test"})
    assert await api.value("SELECT count(*) FROM mail_route") == 0


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        pytest.param(
            "exchanged.test",
            {"exchanged.test", "mx.hoster.test", "backup.exchanged.test", "192.0.2.25"},
            id="all exchangers, with addresses",
        ),
        pytest.param("itself.test", {"itself.test", "192.0.2.26"}, id="none: the domain itself"),
        pytest.param("unknown.test", {"unknown.test"}, id="an unknown domain"),
        pytest.param("receives-nothing.test", {"receives-nothing.test"}, id="a null MX"),
        pytest.param("broken.test", None, id="name servers that fail"),
        pytest.param("silent.test", None, id="name servers that keep silent"),
    ],
)
async def test_the_hosts_that_take_a_domains_mail(domain: str, hosts: set[str] | None) -> None:
    async with serving(ZONE) as nameserver:
        found = await Exchangers([nameserver]).hosts_of(domain)
    assert (found if found is None else set(found)) == hosts


async def test_silent_name_servers_hold_nobody_up(office: Desk) -> None:
    began = time.monotonic()
    made = await office.create(config={"email": "ops@silent.test"})
    assert made["warnings"] == []
    assert time.monotonic() - began < LOOKUP_SECONDS + 4  # left to itself a resolver takes more than eight
