"""Schemathesis sends valid and invalid data to every documented route and finds no undocumented answer."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from controller.model import Role
from controller.store.accounts import sessions
from controller.streaming.frames import StreamPosition
from shared.secret import Secret
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.outages import make_locations, outage
from tests.integration.api.people import Person, organization_of, person
from tests.integration.api.serving import serving

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_every_answer_of_every_route_is_documented(api: Api, tmp_path: Path) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    token = Secret(secrets.token_hex(16))
    await sessions.insert(api.database, admin.id, token, cookie=False)
    await _ready_location(api)
    _streams_that_end(api)
    (tmp_path / "schemathesis.toml").write_text(await _settings(api, admin))
    async with serving(api.application) as address:
        done = await asyncio.to_thread(_schemathesis, address, token, tmp_path)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    routes = sum(len(methods) for methods in (await api.client.get("/schema/openapi.json")).json()["paths"].values())
    assert f"Tested: {routes}" in done.stdout


def _schemathesis(address: str, token: Secret, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", f"{address}/schema/openapi.json"),
            *("--header", f"Authorization: Bearer {token.reveal()}"),
            *("--checks", ",".join(CHECKS)),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", os.environ.get("FUZZ_EXAMPLES", "5")),
            *("--seed", "1"),
            *("--workers", "2"),
            *("--generation-database", "none"),
            *("--request-timeout", "30"),
            *("--suppress-health-check", "too_slow"),  # generating examples takes longer on a busy machine
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        cwd=folder,
    )


async def _settings(api: Api, admin: Person) -> str:
    """The settings of Schemathesis: paths refer to existing objects, except for DELETE, which gets generated ids."""
    smtp = await api.create()
    await make_locations(api)
    found = await outage(api, smtp)
    body: dict[str, Any] = {"type": "email", "name": "N", "config": {"email": "a@example.net"}}
    channel = (await api.client.post("/api/notification-channels", json=body)).json()
    numbers = {"email-smtp": smtp["id"]}
    mailbox: dict[str, Any] = {}
    for name, protocol in (("email-imap", "imap"), ("email-pop", "pop3")):
        body = {"customerId": CUSTOMER, "name": "M", "hostname": "h.example.com", "config": {"protocol": protocol}}
        mailbox = (await api.client.post("/api/imap-pop-monitors", json=body)).json()
        numbers[name] = mailbox["id"]
    paths = {
        "^/api/smtp-monitors/": f'"path.public_id" = "{smtp["publicId"]}"',
        "^/api/imap-pop-monitors/": f'"path.public_id" = "{mailbox["publicId"]}"',
        "^/api/incidents/": f'"path.public_id" = "{found.incident.public_id}"',
        r"^/api/notification-channels/\\{": f'"path.channel_id" = "{channel["id"]}"',
        "^/api/customers/": f'"path.customer_id" = "{CUSTOMER}"',
        "^/api/organizations/": f'"path.public_id" = "{ORGANIZATION}"',
        "^/api/users/": f'"path.public_id" = "{admin.public_id}"',
        r"^/api/v3/monitors/\\{": f'"path.id" = "{smtp["id"]}"',
    } | {f"^/api/v3/monitors/{name}/": f'"path.id" = "{number}"' for name, number in numbers.items()}
    return "\n".join(
        f'[[operations]]\ninclude-path-regex = "{path}"\nexclude-method = "DELETE"\nparameters = {{ {value} }}\n'
        for path, value in paths.items()
    )


def _streams_that_end(api: Api) -> None:
    """Stop the hub, so that each stream opens and ends with its first event."""
    hub = api.application.state.services.live
    hub.begin(StreamPosition("19a", 0))
    hub.ready()
    hub.stop()


async def _ready_location(api: Api) -> None:
    """Create a location with an agent: a trigger without any agent answers 500, and the fuzzer reports every 500."""
    location = await api.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'Germany', 'DE', 'x') RETURNING id"
    )
    await api.value(
        "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at)"
        " VALUES ($1, 'a', '{smtp,imap,pop3}', '1', now(), now() + interval '1 hour')",
        location,
    )
