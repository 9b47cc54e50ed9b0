"""The examples of bodies in the OpenAPI document are accepted as they stand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jsonschema_rs
import pytest
from argon2 import PasswordHasher

from controller.api.compat.alertsite.blackouts.bodies import BlackoutBody
from controller.api.v1.escalation.schemas import StepBody
from controller.api.v1.rotas.schemas import OverrideBody
from controller.api.v1.sign_on.schemas import SignOnBody
from controller.model import Role
from controller.store.accounts import people
from controller.store.accounts.people import NewAccount
from tests.integration.api.access.two_organizations import Harbour, furnish
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

EMAIL, PASSWORD = "person@example.com", "correct horse battery"
"""Of the examples of a login."""

NAMES = {"{code}": "de-nbg"}
"""What a path holds that belongs to no organization."""

REFUSED = 400


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    described: dict[str, Any] = (await api.client.get("/schema/openapi.json")).json()
    return described


async def test_each_example_of_a_body_is_accepted_as_it_stands(api: Api, document: dict[str, Any]) -> None:
    ours = await organization_of(api, "Ours")
    await _somebody_who_logs_in(api, ours)
    global_admin = await person(api, Role.GLOBAL_ADMIN, organization=ours)
    wrong = []
    for method, path, operation, form, example in bodies(document):
        if path.startswith("/hooks/"):
            continue  # api/hooks: a service proves who it is by a secret of the channel
        async with in_harbour(api) as (harbour, client):
            headers = {"Content-Type": form}
            target, content = harbour.filled(with_names(path)), json.dumps(with_numbers(example, harbour))
            if (method, path) == ("PATCH", "/api/v3/blackouts/{id}"):
                target = f"/api/v3/blackouts/{await _weekly_blackout(harbour, client)}"
            if (method, path) == ("PATCH", "/api/v1/packages/{key}"):
                await client.post("/api/v1/packages", json={"key": target.rpartition("/")[2]})
            if path.endswith("/prolong"):
                await client.post(target.replace("/prolong", "/start"))
            answer = await client.request(method, target, content=content, headers=headers)
            if answer.status_code == httpx.codes.FORBIDDEN:  # for those who run the installation
                async with client_of(api.application) as other:
                    other.headers.update(global_admin.headers)
                    answer = await other.request(method, target, content=content, headers=headers)
            wrong += [f"{method} {path} {form}: {text}" for text in problems(document, operation, answer)]
    assert not wrong, "\n".join(wrong)


def with_names(path: str) -> str:
    for name, value in NAMES.items():
        path = path.replace(name, value)
    return path


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for form, described in operation.get("requestBody", {}).get("content", {}).items():
                for example in described["examples"].values():
                    yield method.upper(), path, operation, form, example["value"]


def problems(document: dict[str, Any], operation: dict[str, Any], answer: httpx.Response) -> Iterator[str]:
    """What is wrong with the answer: it refuses, or it is not as documented."""
    status = str(answer.status_code)
    if answer.status_code >= REFUSED:
        yield f"{status} {answer.text}"
        return
    if status not in operation["responses"]:
        yield f"{status} is not documented"
        return
    described = operation["responses"][status]
    for name, header in described["headers"].items():
        stated = document["components"]["headers"][name] if "$ref" in header else header
        if stated.get("required") and name not in answer.headers:
            yield f"the header {name} is missing"
    if "ETag" in answer.headers and "ETag" not in described["headers"]:
        yield "the header ETag is not documented: its route must document 412"
    for content in described.get("content", {}).values():
        schema = {**content["schema"], "components": document["components"]}
        for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(answer.json()):
            yield f"the answer is not as documented: {error.message}"


def with_numbers(example: Any, harbour: Harbour) -> Any:
    """The example with the numbers that a monitor and a tag of this organization have."""
    monitor = harbour.monitors["smtp"]["id"]
    if "assoc_id" in example:
        return {**example, "assoc_id": monitor}
    if isinstance(example.get("monitors"), list) and "update_persistent" in example:
        return {**example, "monitors": [monitor]}
    if isinstance(example.get("recipients"), list) and isinstance(example.get("monitors"), list):
        return {**example, "monitors": [{"id": monitor}], "recipients": [{"id": harbour.channel}]}
    if "monitorIds" in example:
        own = {"monitorIds": [harbour.monitors["smtp"]["publicId"]], "channelIds": [harbour.public_ids["channel"]]}
        return {**example, **own}
    if isinstance(example.get("monitors"), list) and "value" in example:
        return {**example, "monitors": [monitor]}
    if "monitorType" in example:
        return {**example, "monitorId": monitor, "tagId": harbour.tag}
    if "dependsOn" in example:
        return {**example, "dependsOn": [harbour.monitors["imap"]["publicId"]]}
    if isinstance(example.get("targets"), list) and "startTime" in example:
        return {**example, "targets": [{"type": "smtp", "id": monitor}]}
    return example


@asynccontextmanager
async def in_harbour(api: Api) -> AsyncIterator[tuple[Harbour, httpx.AsyncClient]]:
    """An organization with one of everything, whose customer is the one of the examples, and its admin's client."""
    harbour = await furnish(api)
    await api.value("UPDATE customer SET public_id = gen_random_uuid() WHERE public_id = $1::uuid", CUSTOMER)
    own = str(harbour.customer["publicId"])
    await api.value("UPDATE customer SET public_id = $1::uuid WHERE public_id = $2::uuid", CUSTOMER, own)
    harbour.customer["publicId"] = CUSTOMER
    await api.value("UPDATE account SET email = id || '@example.org' WHERE email <> $1", EMAIL)
    await _on_call(api, harbour)
    admin = await person(api, Role.ADMIN, organization=harbour.number, password_hash=PasswordHasher().hash(PASSWORD))
    async with client_of(api.application) as client:
        client.headers.update(admin.headers)
        assert (await client.put("/api/v1/sign-on", json=SignOnBody.EXAMPLE)).is_success
        yield harbour, client


async def _on_call(api: Api, harbour: Harbour) -> None:
    """What examples of escalation policies and overrides name."""
    step = StepBody.EXAMPLE
    await api.value(
        "UPDATE notification_channel SET public_id = gen_random_uuid() WHERE public_id = $1::uuid",
        step["channelIds"][0],
    )
    await api.value("UPDATE rota SET public_id = gen_random_uuid() WHERE public_id = $1::uuid", step["rotaId"])
    await api.value(
        "INSERT INTO notification_channel (organization_id, type, name, config, public_id)"
        """ VALUES ($1, 'email', 'N', '{"email": "a@example.net"}', $2::uuid)""",
        harbour.number,
        step["channelIds"][0],
    )
    await api.value(
        "INSERT INTO rota (organization_id, name, public_id) VALUES ($1, 'R', $2::uuid)", harbour.number, step["rotaId"]
    )
    await api.value(
        "INSERT INTO account (organization_id, email, role, password_hash) VALUES ($1, $2, 'user', 'x')",
        harbour.number,
        OverrideBody.EXAMPLE["person"],
    )


async def _weekly_blackout(harbour: Harbour, client: httpx.AsyncClient) -> int:
    """The window of the organization is a one-time one, which AlertSite's API does not change."""
    made = await client.post("/api/v3/blackouts", json=with_numbers(BlackoutBody.EXAMPLE, harbour))
    return int(made.json()["id"])


async def _somebody_who_logs_in(api: Api, organization: int) -> None:
    made = await people.insert(
        api.database,
        NewAccount(
            organization_id=organization,
            email=EMAIL,
            first_name=None,
            last_name=None,
            role=Role.USER,
            customer_ids=None,
            password_hash=PasswordHasher().hash(PASSWORD),
        ),
    )
    assert made is not None
