"""A channel warns when its e-mail is received by a monitored server: alerts about that server will not arrive."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from controller.notify.mx_lookup import LOOKUP_SECONDS, MxLookup
from shared.nats.bus import Bus
from tests.fakes.name_server import Wrong, serving
from tests.integration.api.channels.channel_client import CHANNELS, ChannelClient, open_channel_client
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

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
async def channels(api: Api, module_bus: Bus) -> AsyncIterator[ChannelClient]:
    await api.value("INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'DE', 'DE', '')")
    async with open_channel_client(api, module_bus, zone=ZONE) as client:
        yield client


@pytest.fixture(autouse=True)
async def _nothing_is_monitored(api: Api) -> None:
    await api.value("DELETE FROM notification_channel")
    await api.value("DELETE FROM monitor")
    await api.value("DELETE FROM mail_route")


CASES = [
    pytest.param("ops@exchanged.test", "mx.hoster.test", True, id="the mail exchanger of the domain"),
    pytest.param(
        "ops@exchanged.test", "Backup.Exchanged.test.", True, id="the second mail exchanger, in another spelling"
    ),
    pytest.param("ops@exchanged.test", "192.0.2.25", True, id="the address of the mail exchanger"),
    pytest.param("ops@exchanged.test", "exchanged.test", True, id="the domain itself"),
    pytest.param("ops@itself.test", "itself.test", True, id="a domain without MX"),
    pytest.param("ops@itself.test", "192.0.2.26", True, id="the address of a domain without MX"),
    pytest.param("ops@bücher.test", "mail.bücher.test", True, id="an international domain"),
    pytest.param("ops@broken.test", "broken.test", True, id="name servers that fail, and the domain itself"),
    pytest.param("ops@exchanged.test", "smtp.exchanged.test", False, id="another host of the domain"),
    pytest.param("ops@itself.test", "mx.hoster.test", False, id="the mail exchanger of another domain"),
    pytest.param("ops@broken.test", "mx.broken.test", False, id="name servers that fail, and another host"),
]


@pytest.mark.parametrize(("address", "monitored", "warned"), CASES)
async def test_a_channel_warns_of_a_monitored_mail_server_of_its_domain(
    channels: ChannelClient, address: str, monitored: str, warned: bool
) -> None:
    await channels.api.create(hostname=monitored)
    made = await channels.create(config={"email": address})
    assert [bool(made["warnings"])] == [warned], made["warnings"]
    if warned:
        assert made["warnings"][0].endswith("an alert about that host will not arrive when it matters")
    assert [channel["warnings"] for channel in await channels.listed()] == [made["warnings"]]


async def test_the_warning_names_domain_and_host_but_no_monitor(channels: ChannelClient) -> None:
    await channels.api.create(hostname="mx.hoster.test", name="Secret plans", customerId=OTHER_CUSTOMER)
    made = await channels.create(config={"to": "a@itself.test, ops@exchanged.test"}, customerId=CUSTOMER)
    assert made["warnings"] == [WARNING.format(domain="exchanged.test", host="mx.hoster.test")]


async def test_a_mailbox_monitor_with_a_login_of_the_domain_causes_a_warning(channels: ChannelClient) -> None:
    await channels.client.post(
        "/api/imap-pop-monitors",
        json={
            "customerId": CUSTOMER,
            "name": "M",
            "hostname": "imap.hoster.test",
            "imapPopConfig": {"user": "probe@itself.test", "password": "x", "tls": True},
        },
    )
    made = await channels.create(config={"email": "ops@itself.test"})
    assert "imap.hoster.test" in made["warnings"][0]


async def test_the_warning_comes_and_goes_with_the_monitor_and_with_the_address(channels: ChannelClient) -> None:
    made = await channels.create(config={"email": "ops@exchanged.test"})
    assert made["warnings"] == []
    monitor = await channels.api.create(hostname="mx.hoster.test")

    async def warned() -> bool:
        return [bool(channel["warnings"]) for channel in await channels.listed()] == [True]

    assert await warned()
    path = f"/api/smtp-monitors/{monitor['publicId']}"
    await channels.client.patch(path, json={"status": "disabled"})
    assert not await warned()
    await channels.client.patch(path, json={"status": "active"})
    assert await warned()
    changed = await channels.client.patch(f"{CHANNELS}/{made['id']}", json={"config": {"email": "ops@itself.test"}})
    assert changed.json()["warnings"] == []
    again = await channels.client.patch(f"{CHANNELS}/{made['id']}", json={"config": {"email": "ops@exchanged.test"}})
    assert len(again.json()["warnings"]) == 1
    tried = await channels.try_out("email", {"email": "ops@exchanged.test"}, dryRun=True)
    assert tried["validation"]["warnings"] == again.json()["warnings"]


async def test_a_monitor_warns_of_its_own_address_and_of_its_customers(channels: ChannelClient) -> None:
    body: dict[str, Any] = {"customerId": CUSTOMER, "name": "M", "hostname": "mx.hoster.test"}
    warned = [WARNING.format(domain="exchanged.test", host="mx.hoster.test")]
    made = (await channels.client.post("/api/smtp-monitors", json=body)).json()
    assert made["warnings"] == []
    path = f"/api/smtp-monitors/{made['publicId']}"
    changed = await channels.client.patch(path, json={"notificationEmail": "ops@exchanged.test"})
    assert changed.json()["warnings"] == warned
    assert (await channels.client.get(path)).json()["warnings"] == warned
    elsewhere = await channels.client.patch(path, json={"notificationEmail": "ops@itself.test"})
    assert elsewhere.json()["warnings"] == []
    customer = f"/api/customers/{CUSTOMER}"
    await channels.client.patch(customer, json={"notificationEmail": "ops@exchanged.test"})
    try:
        own = await channels.client.patch(path, json={"notificationEmail": None})
        assert own.json()["warnings"] == warned
        created = await channels.client.post("/api/imap-pop-monitors", json=body)
        assert created.json()["warnings"] == warned
    finally:
        await channels.client.patch(customer, json={"notificationEmail": None})


async def test_a_host_is_named_only_to_those_who_may_see_its_monitor(api: Api, channels: ChannelClient) -> None:
    """A person limited to one customer is warned of another customer's host without its name, on every route."""
    await channels.api.create(hostname="mx.hoster.test", customerId=OTHER_CUSTOMER)
    ours = await organization_of(api, "Ours")
    limited = (await person(api, Role.EDITOR, organization=ours, customers=[api.customer])).headers
    admin = (await person(api, Role.ADMIN, organization=ours)).headers
    named = WARNING.format(domain="exchanged.test", host="mx.hoster.test")
    unnamed = named.replace("mx.hoster.test, which", "a host that")
    body: dict[str, Any] = {
        "customerId": CUSTOMER,
        "name": "M",
        "hostname": "own.test",
        "notificationEmail": "ops@exchanged.test",
    }
    await channels.create(config={"email": "ops@exchanged.test"}, customerId=CUSTOMER)
    async with client_of(channels.application) as client:
        monitor = (await client.post("/api/smtp-monitors", json=body, headers=limited)).json()
        assert monitor["warnings"] == [unnamed]
        path = f"/api/smtp-monitors/{monitor['publicId']}"
        for caller, warning in ((limited, unnamed), (admin, named)):
            assert (await client.get(path, headers=caller)).json()["warnings"] == [warning]
            (channel,) = (await client.get(CHANNELS, headers=caller)).json()
            assert channel["warnings"] == [warning]
        tried = {"type": "email", "config": {"email": "ops@exchanged.test"}, "dryRun": True, "customerId": CUSTOMER}
        limited_admin = (await person(api, Role.ADMIN, organization=ours, customers=[api.customer])).headers
        for caller, warning in ((limited_admin, unnamed), (admin, named)):
            done = (await client.post(f"{CHANNELS}/test", json=tried, headers=caller)).json()
            assert done["validation"]["warnings"] == [warning]
        await channels.api.create(hostname="backup.exchanged.test", customerId=CUSTOMER)
        own = WARNING.format(domain="exchanged.test", host="backup.exchanged.test")
        assert (await client.get(path, headers=limited)).json()["warnings"] == [own]


async def test_another_organizations_monitor_warns_nobody(api: Api, channels: ChannelClient) -> None:
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    customers = (await channels.client.get("/api/customers", headers=headers)).json()
    body: dict[str, Any] = {"customerId": customers[0]["id"], "name": "M", "hostname": "mx.hoster.test"}
    assert (await channels.client.post("/api/smtp-monitors", json=body, headers=headers)).status_code == 200
    assert (await channels.create(config={"email": "ops@exchanged.test"}))["warnings"] == []


async def test_channels_of_other_types_cause_no_mx_lookup(api: Api, channels: ChannelClient) -> None:
    await channels.create(
        type="webhook", name="Hook", config={"url": "http://127.0.0.1:9/", "email": "a@exchanged.test"}
    )
    assert await api.value("SELECT count(*) FROM mail_route") == 0


@pytest.mark.parametrize(
    ("domain", "hosts"),
    [
        pytest.param(
            "exchanged.test",
            {"exchanged.test", "mx.hoster.test", "backup.exchanged.test", "192.0.2.25"},
            id="all mail exchangers with their addresses",
        ),
        pytest.param("itself.test", {"itself.test", "192.0.2.26"}, id="no MX: the domain itself"),
        pytest.param("unknown.test", {"unknown.test"}, id="an unknown domain"),
        pytest.param("receives-nothing.test", {"receives-nothing.test"}, id="a null MX"),
        pytest.param("broken.test", None, id="name servers that fail"),
        pytest.param("silent.test", None, id="name servers that do not answer"),
    ],
)
async def test_the_mx_lookup_finds_the_hosts_that_receive_mail_of_a_domain(domain: str, hosts: set[str] | None) -> None:
    async with serving(ZONE) as nameserver:
        found = await MxLookup([nameserver]).hosts_of(domain)
    assert (found if found is None else set(found)) == hosts


async def test_silent_name_servers_delay_a_request_only_briefly(channels: ChannelClient) -> None:
    began = time.monotonic()
    made = await channels.create(config={"email": "ops@silent.test"})
    assert made["warnings"] == []
    assert time.monotonic() - began < LOOKUP_SECONDS + 4  # without this limit a resolver takes more than eight seconds
