"""The application in this process, on a real database and a real broker. Each test module has its own database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from controller.application import create_application
from controller.http.services import Services
from controller.model import Location, ScheduledMonitor
from controller.model.trials import Trying
from controller.notify.channels import open_senders
from controller.notify.mx_lookup import MxLookup
from controller.operations.channels.channels import Outlets
from controller.settings import EnrolmentSettings
from controller.store.accounts.tokens import new_token
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.settings import load
from tests.fakes import name_server
from tests.fakes.databases import Databases

API_PATHS = ("/api/", "/healthz", "/readyz", "/metrics", "/hooks")
"""How the paths of routes for programs begin; pages have other paths."""

JSON_TYPES = ("application/json", "application/problem+json", "application/x-ndjson")
TIME = re.compile(r'(?<!"certificateNotAfter":)(?<!"certificateNotBefore":)"\d{4}-\d\d-\d\dT\d\d:[^"\\]*')
WALL_CLOCK = re.compile(r'"(?:start|end|until|from|to)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d\d:\d\d)?"')
"""Maintenance windows have times of a wall clock, and instants with the offsets of their zone."""
WRITTEN_TIME = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')

ORGANIZATION = "aaaaaaaa-0000-4000-8000-000000000001"
CUSTOMER = "11111111-1111-4111-8111-111111111111"
OTHER_CUSTOMER = "22222222-2222-4222-8222-222222222222"
STRANGE_CUSTOMER = "99999999-9999-4999-8999-999999999999"


@dataclass
class RecordingDispatcher:
    """Stands in for the dispatcher: records triggered checks and trials, or fails as if the broker were away."""

    triggered: list[tuple[ScheduledMonitor, list[str]]] = field(default_factory=list)
    trials: list[tuple[Trying, list[str]]] = field(default_factory=list)
    away: bool = False

    async def dispatch_triggered(self, monitor: ScheduledMonitor, locations: Sequence[Location]) -> datetime:
        if self.away:
            raise BusError("not connected to NATS")
        self.triggered.append((monitor, [location.code for location in locations]))
        return utc_now()

    async def dispatch_trial(self, trying: Trying, locations: Sequence[Location]) -> None:
        if self.away:
            raise BusError("not connected to NATS")
        self.trials.append((trying, [location.code for location in locations]))


@dataclass
class Api:
    """A client whose default headers carry the organization's token, and the services behind the routes."""

    client: httpx.AsyncClient
    application: Litestar
    database: Database
    vault: Vault
    dispatcher: RecordingDispatcher
    outlets: Outlets
    zone: dict[str, list[str]] = field(default_factory=dict)
    """The records that its name server knows."""
    customer: int = 0
    other_customer: int = 0
    customer_token: str = ""
    strange_token: str = ""
    expired_token: str = ""

    async def create(self, **fields: Any) -> dict[str, Any]:
        """Create a monitor; `fields` are added to the required fields."""
        body = {"customerId": CUSTOMER, "name": "Outbound SMTP", "hostname": "smtp.example.com", **fields}
        answer = await self.client.post("/api/smtp-monitors", json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def token(self, organization: int, *, customer: int | None = None, expires: str = "1 day") -> str:
        token = new_token().reveal()
        await self.value(
            "INSERT INTO api_token (organization_id, customer_id, name, token_hash, hint, expires_at)"
            " VALUES ($1, $2, 'test', $3, 'wsm_', now() + $4::text::interval)",
            organization,
            customer,
            hashlib.sha256(token.encode()).digest(),
            expires,
        )
        return token


async def times_have_milliseconds(answer: httpx.Response) -> None:
    """Every answer of every test is looked through: a time in JSON has exactly three digits behind the second. Those of
    a certificate are texts of the agent, in whole seconds as the certificate has them.
    """
    if answer.headers.get("content-type", "").startswith(JSON_TYPES):
        text = (await answer.aread()).decode()
        if "/maintenance-windows" in answer.request.url.path:
            text = WALL_CLOCK.sub("", text)
        others = [found for found in TIME.findall(text) if not WRITTEN_TIME.fullmatch(found)]
        assert not others, f"{answer.request.url} writes times in another way: {others}"


def client_of(application: Litestar) -> httpx.AsyncClient:
    """A client without a token. An exception in the application becomes a 500, as on a real server."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)  # type: ignore[arg-type]
    hooks = {"response": [times_have_milliseconds]}
    return httpx.AsyncClient(transport=transport, base_url="http://mailprobe.test", event_hooks=hooks)


@pytest.fixture(scope="module")
async def module_database_url(databases: Databases) -> AsyncIterator[str]:
    async with databases.one() as url:
        yield url


@pytest.fixture(scope="module")
async def module_bus(broker: Broker) -> AsyncIterator[Bus]:
    async with Bus.open(broker, name="test-api") as bus:
        await bus.wait_connected()
        yield bus


def _enrolment_settings(module_database_url: str, trust_file: Path, nats_url: str) -> EnrolmentSettings:
    """With the keys of the test's installation."""
    settings = {"DATABASE_URL": module_database_url, "TRUST_FILE": str(trust_file), "NATS_URL": nats_url}
    return load(EnrolmentSettings, {f"MAILPROBE_{name}": value for name, value in settings.items()})


@pytest.fixture(scope="module")
async def api(module_database_url: str, module_bus: Bus, trust_file: Path, nats_url: str) -> AsyncIterator[Api]:
    vault = Vault(VaultKeys(new_key().reveal()))
    dispatcher = RecordingDispatcher()
    zone: dict[str, list[str]] = {}
    async with (
        Database.open(module_database_url) as database,
        name_server.serving(zone) as nameserver,
        open_senders(relay=None, sms_url=None, nameservers=[nameserver]) as senders,
    ):
        outlets = Outlets(senders, MxLookup([nameserver]))
        services = Services(
            database=database,
            vault=vault,
            dispatcher=dispatcher,
            bus=module_bus,
            outlets=outlets,
            enrolment=_enrolment_settings(module_database_url, trust_file, nats_url),
        )
        application = create_application(services)
        async with client_of(application) as client:
            api = Api(
                client=client,
                application=application,
                database=database,
                vault=vault,
                dispatcher=dispatcher,
                outlets=outlets,
                zone=zone,
            )
            await _create_organizations(api)
            yield api


async def _create_organizations(api: Api) -> None:
    """Create our organization with two customers, and another organization with one."""
    ours = await api.value(
        "INSERT INTO organization (name, public_id) VALUES ('Ours', $1::uuid) RETURNING id", ORGANIZATION
    )
    strange = await api.value("INSERT INTO organization (name) VALUES ('Strange') RETURNING id")
    insert = "INSERT INTO customer (organization_id, public_id, name) VALUES ($1, $2::uuid, $3) RETURNING id"
    api.customer = await api.value(insert, ours, CUSTOMER, "Example Customer")
    api.other_customer = await api.value(insert, ours, OTHER_CUSTOMER, "Other Customer")
    await api.value(insert, strange, STRANGE_CUSTOMER, "Strange Customer")
    api.client.headers["Authorization"] = f"Bearer {await api.token(ours)}"
    api.customer_token = await api.token(ours, customer=api.customer)
    api.strange_token = await api.token(strange)
    api.expired_token = await api.token(ours, expires="-1 minute")
