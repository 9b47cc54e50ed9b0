"""Schemathesis sends valid and invalid data to every documented route and finds no undocumented answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
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
from tests.integration.api.access.two_organizations import Harbour, furnish
from tests.integration.api.conftest import Api
from tests.integration.api.people import person
from tests.integration.api.serving import serving
from tests.integration.api.system.test_openapi_examples import with_names

_EXAMPLES_PER_MINUTE = 2
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


MINUTES = float(os.environ.get("SCHEMATHESIS_MINUTES", "4"))
"""`make fuzz` takes more."""

_START_SECONDS = 240
"""What the making of the world and the last requests may take beside the time for sending."""

_LONGEST_PARAMETER = 200
"""Characters. A request has at most some dozens of parameters."""


@pytest.mark.long
@pytest.mark.timeout(60 * MINUTES + 2 * _START_SECONDS)
async def test_every_answer_of_every_route_is_documented(api: Api, tmp_path: Path) -> None:
    harbour = await furnish(api)
    admin = await person(api, Role.ADMIN, organization=harbour.number)
    token = Secret(secrets.token_hex(16))
    await sessions.insert(api.database, admin.id, token, cookie=False)
    await _ready_location(api)
    _streams_that_end(api)
    document = (await api.client.get("/schema/openapi.json")).json()
    (tmp_path / "schemathesis.toml").write_text(real_ids(document, harbour))
    (tmp_path / "openapi.json").write_text(json.dumps(within_one_head(without_chosen_fields(document))))
    async with serving(api.application) as address:
        done = await asyncio.to_thread(_schemathesis, address, token, tmp_path)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    routes = sum(len(methods) for methods in document["paths"].values())
    assert f"Tested: {routes}" in done.stdout


def without_chosen_fields(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the parameter `fields`: OpenAPI cannot say that it makes parts of what items have."""
    for methods in document["paths"].values():
        for operation in methods.values():
            given = operation.get("parameters", [])
            operation["parameters"] = [parameter for parameter in given if parameter["name"] != "fields"]
    return document


def within_one_head(document: dict[str, Any]) -> dict[str, Any]:
    """The document with a bound for each parameter that has none: OpenAPI cannot say that all of them together must fit
    into the head of a request, 64 KiB, and what does not fit never reaches a route.
    """
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"].setdefault("maxLength", _LONGEST_PARAMETER)
    return document


def _schemathesis(address: str, token: Secret, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", "openapi.json", "--url", address),
            *("--header", f"Authorization: Bearer {token.reveal()}"),
            *("--checks", ",".join(CHECKS)),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(round(MINUTES * _EXAMPLES_PER_MINUTE))),
            *("--max-time", str(round(60 * MINUTES))),
            *("--seed", "1"),
            *("--workers", "1"),  # two threads that parse at once fail by chance before Python 3.11.8 (gh-106905)
            *("--generation-database", "none"),
            *("--request-timeout", "30"),
            *("--suppress-health-check", "too_slow"),  # generating examples takes longer on a busy machine
            "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=60 * MINUTES + _START_SECONDS,
        check=False,
        cwd=folder,
    )


def real_ids(document: dict[str, Any], harbour: Harbour) -> str:
    """The settings of Schemathesis: paths name things that exist, except for DELETE, which gets generated ids."""
    return "".join(
        f"[[operations]]\ninclude-path-regex = '^{re.escape(path)}$'\nexclude-method = \"DELETE\"\n"
        f"parameters = {{ {_values(path, harbour)} }}\n\n"
        for path in document["paths"]
        if "{" in path
    )


def _values(path: str, harbour: Harbour) -> str:
    filled = harbour.filled(with_names(path))
    pairs = zip(path.split("/"), filled.split("/"), strict=True)
    return ", ".join(f'"path.{part[1:-1]}" = "{value}"' for part, value in pairs if part.startswith("{"))


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
