"""A POST with an Idempotency-Key that is sent again gets the first answer, and does nothing more."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.http.idempotency import HEADER, REPLAYED
from controller.model import Role
from controller.store.accounts import answered_requests
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

PATH = "/api/v1/organizations"


@pytest.fixture
async def admin(api: Api) -> Person:
    return await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))


@pytest.fixture
async def client(api: Api, admin: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(api.application) as opened:
        opened.headers.update(admin.headers)
        yield opened


def keyed() -> tuple[dict[str, str], dict[str, Any]]:
    """A key of its own, and a body of its own."""
    return {HEADER: uuid4().hex}, {"name": uuid4().hex}


async def test_a_request_that_is_sent_again_gets_the_same_answer_and_does_nothing(
    api: Api, client: httpx.AsyncClient
) -> None:
    headers, body = keyed()
    first = await client.post(PATH, json=body, headers=headers)
    assert first.is_success, first.text
    again = await client.post(PATH, json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert await api.value("SELECT count(*) FROM organization WHERE name = $1", body["name"]) == 1


async def test_without_a_key_it_is_done_again(client: httpx.AsyncClient) -> None:
    _, body = keyed()
    answers = [await client.post(PATH, json=body) for _ in range(2)]
    assert [answer.is_success for answer in answers] == [True, False]


async def test_a_key_belongs_to_one_request(client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    assert (await client.post(PATH, json=body, headers=headers)).is_success
    answer = await client.post(PATH, json={"name": uuid4().hex}, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (409, 409)
    assert "another key" in answer.json()["detail"]


async def test_a_key_belongs_to_one_caller(api: Api, client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    assert (await client.post(PATH, json=body, headers=headers)).is_success
    other = await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))
    answer = await client.post(PATH, json=body, headers={**headers, **other.headers})
    assert answer.json()["detail"] == "An organization with this name exists already"


async def test_what_was_refused_may_be_sent_again_with_its_key(client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    assert (await client.post(PATH, json={"name": ""}, headers=headers)).status_code == 400
    assert (await client.post(PATH, json=body, headers=headers)).is_success


async def test_of_several_at_once_one_is_done(api: Api, client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    answers = await asyncio.gather(*(client.post(PATH, json=body, headers=headers) for _ in range(6)))
    made = {answer.content for answer in answers if answer.is_success}
    running = [answer for answer in answers if not answer.is_success]
    assert len(made) == 1
    assert {(answer.status_code, answer.headers["retry-after"]) for answer in running} <= {(409, "1")}
    assert await api.value("SELECT count(*) FROM organization WHERE name = $1", body["name"]) == 1


async def test_one_that_lost_its_controller_is_not_done_twice(
    api: Api, client: httpx.AsyncClient, admin: Person
) -> None:
    headers, body = keyed()
    assert (await client.post(PATH, json=body, headers=headers)).is_success
    await api.value(
        "UPDATE answered_request SET answer = NULL, created_at = now() - interval '5 minutes' WHERE key = $1",
        headers[HEADER],
    )
    answer = await client.post(PATH, json=body, headers=headers)
    assert (answer.status_code, "did not end" in answer.json()["detail"]) == (409, True)


async def test_after_24_hours_a_key_is_free(api: Api, client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    for forgotten in (True, False):
        assert (await client.post(PATH, json=body, headers=headers)).is_success is forgotten
        await api.value(
            "UPDATE answered_request SET created_at = now() - interval '25 hours' WHERE key = $1", headers[HEADER]
        )
        if forgotten:
            await answered_requests.forget_old(api.database)


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "ü"])
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.post(PATH, json={"name": uuid4().hex}, headers=[(HEADER.encode(), key.encode())])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, HEADER)


async def test_kept_answers_are_encrypted(api: Api, client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    assert (await client.post(PATH, json=body, headers=headers)).is_success
    stored = await api.value("SELECT answer FROM answered_request WHERE key = $1", headers[HEADER])
    assert body["name"] not in stored
    assert body["name"].encode() not in stored.encode()
    assert api.vault.decrypt(stored)[0] in {200, 201}


async def test_a_password_in_a_request_cannot_be_guessed_from_what_is_kept(api: Api, client: httpx.AsyncClient) -> None:
    headers, body = keyed()
    sent = json.dumps(body).encode()
    assert (await client.post(PATH, content=sent, headers=headers)).is_success
    kept = await api.value("SELECT request FROM answered_request WHERE key = $1", headers[HEADER])
    assert kept not in {hashlib.sha256(sent).digest(), hashlib.sha256(f"{PATH}\n\n".encode() + sent).digest()}
