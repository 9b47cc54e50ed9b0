"""`/api/v1/tokens`: scopes hold for the routes of every group."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.api.v1.tokens.schemas import TokenBody
from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/tokens"
MONITOR = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com"}


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's."""
    async with client_of(api.application) as opened:
        opened.headers.update((await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))).headers)
        yield opened


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"name": "robot", "scope": "read", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status(api: Api, token: dict[str, Any], method: str, path: str, body: Any = None) -> int:
    async with client_of(api.application) as robot:
        answer = await robot.request(method, path, json=body, headers={"Authorization": f"Bearer {token['token']}"})
    return answer.status_code


async def test_the_example_is_accepted_and_the_token_is_shown_once(api: Api, client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=TokenBody.EXAMPLE)
    assert answer.status_code == 201, answer.text
    new = answer.json()
    token = new.pop("token")
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (new, answer.headers["etag"])
    assert (new["scope"], new["customerId"], new["hint"]) == ("write", CUSTOMER, token[:9])
    listed = await client.get(PATH, params={"sort": "-createdAt", "limit": 500})
    assert new["id"] in {item["id"] for item in listed.json()["items"]}
    assert token not in listed.text + read.text
    one = {"Authorization": f"Bearer {token}"}
    assert (await api.client.get("/api/v1/customers", headers=one)).status_code == 200
    assert (await client.delete(answer.headers["location"])).status_code == 204
    assert (await api.client.get("/api/v1/customers", headers=one)).status_code == 401
    assert (await client.get(answer.headers["location"])).status_code == 404


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("scope", ["read", "write", "admin"])
async def test_a_scope_holds_for_every_group_of_routes(
    api: Api, client: httpx.AsyncClient, scope: str, limited: bool
) -> None:
    token = await made(client, scope=scope, customerId=CUSTOMER if limited else None)
    monitor = await api.create()
    writes, manages = scope != "read", scope == "admin"
    smtp, alertsite = f"/api/smtp-monitors/{monitor['publicId']}", f"/api/v3/monitors/{monitor['id']}"
    for method, path, body, allowed in (
        ("GET", smtp, None, True),
        ("GET", alertsite, None, True),
        ("GET", "/api/v1/customers", None, True),
        ("GET", "/api/results", None, True),
        ("POST", "/api/smtp-monitors", MONITOR, writes),
        ("PATCH", smtp, {"status": "disabled"}, writes),
        ("PATCH", f"/api/customers/{CUSTOMER}/policy", {"quorum": "any"}, manages),
        ("PATCH", f"/api/v1/customers/{CUSTOMER}", {"email": None}, manages),
        ("PATCH", "/api/organization", {"city": "Berlin"}, manages and not limited),
        ("POST", PATH, {"name": "more", "scope": "read", "customerId": CUSTOMER}, False),
        ("DELETE", smtp, None, writes),
    ):
        answered = await status(api, token, method, path, body)
        assert (answered == 403) == (not allowed), (method, path, answered)
        assert answered in {200, 403}, (method, path, answered)
    other = "/api/smtp-monitors"
    assert await status(api, token, "POST", other, MONITOR | {"customerId": OTHER_CUSTOMER}) == (
        200 if writes and not limited else 403
    )


async def test_a_token_that_only_reads_is_answered_no_secret(api: Api, client: httpx.AsyncClient) -> None:
    config = {"smtpUsername": "u", "smtpPassword": "very secret"}
    monitor = await api.create(smtpConfig=config)
    token = (await made(client))["token"]
    read = await api.client.get(
        f"/api/smtp-monitors/{monitor['publicId']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert read.status_code == 200
    assert "very secret" not in read.text


async def test_tokens_of_before_keep_their_rights_and_say_their_scope(api: Api, client: httpx.AsyncClient) -> None:
    items = (await client.get(PATH, params={"limit": 500})).json()["items"]
    scopes = {(item["customerId"] is None, item["scope"]) for item in items if item["name"] == "test"}
    assert scopes == {(True, "admin"), (False, "write")}
    assert (await api.client.patch("/api/organization", json={"city": "Berlin"})).status_code == 200


async def test_nobody_makes_a_token_with_more_rights_than_the_own_ones(api: Api) -> None:
    ours = await organization_of(api, "Ours")
    user = await person(api, Role.USER, organization=ours)
    own = [api.customer]
    limited = await person(api, Role.ADMIN, organization=ours, customers=own)
    reader = await person(api, Role.READONLY, organization=ours, customers=own)
    for who, scope, customer, answered in (
        (user, "write", CUSTOMER, 201),
        (user, "admin", CUSTOMER, 403),
        (user, "read", None, 403),
        (limited, "admin", CUSTOMER, 201),
        (limited, "read", OTHER_CUSTOMER, 403),
        (limited, "read", None, 403),
        (reader, "read", CUSTOMER, 403),
        (user, "read", STRANGE_CUSTOMER, 400),
    ):
        body = {"name": "mine", "scope": scope, "customerId": customer}
        async with client_of(api.application) as browser:
            browser.headers.update(who.headers)
            answer = await browser.post(PATH, json=body)
        assert answer.status_code == answered, (who.email, scope, customer, answer.text)


async def test_others_find_the_tokens_of_their_customers_alone(api: Api, client: httpx.AsyncClient) -> None:
    own, other, whole = [await made(client, customerId=each) for each in (CUSTOMER, OTHER_CUSTOMER, None)]
    ours = await organization_of(api, "Ours")
    limited = await person(api, Role.USER, organization=ours, customers=[api.customer])
    strange = await person(api, Role.ADMIN, organization=await organization_of(api, "Strange"))
    async with client_of(api.application) as browser:
        browser.headers.update(limited.headers)
        found = (await browser.get(PATH, params={"limit": 500})).json()["items"]
        assert {item["customerId"] for item in found} == {CUSTOMER}
        for token, answered in ((own, 200), (other, 404), (whole, 404)):
            assert (await browser.get(f"{PATH}/{token['id']}")).status_code == answered
        assert (await browser.delete(f"{PATH}/{whole['id']}")).status_code == 404
        browser.headers.update(strange.headers)
        assert (await browser.delete(f"{PATH}/{own['id']}")).status_code == 404
        assert own["id"] not in (await browser.get(PATH)).text
    of_one = (await client.get(PATH, params={"customer": OTHER_CUSTOMER, "scope": "read"})).json()["items"]
    assert other["id"] in {item["id"] for item in of_one}
    assert {item["customerId"] for item in of_one} == {OTHER_CUSTOMER}


async def test_expiry_is_a_moment_of_the_next_year(api: Api, client: httpx.AsyncClient) -> None:
    soon = (utc_now() + timedelta(days=30)).replace(microsecond=0)
    new = await made(client, expiresAt=soon.isoformat())
    assert new["expiresAt"] == soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    await api.value(
        "UPDATE api_token SET expires_at = now() - interval '1 ms' WHERE public_id = $1::uuid RETURNING id", new["id"]
    )
    assert await status(api, new, "GET", "/api/v1/customers") == 401
    for wrong in (utc_now() - timedelta(minutes=1), utc_now() + timedelta(days=400), "soon", 7, "2027-01-01T00:00:00"):
        text = wrong if isinstance(wrong, str | int) else wrong.isoformat()
        refused = await client.post(PATH, json={"name": "x", "scope": "read", "expiresAt": text})
        assert [error["field"] for error in refused.json()["errors"]] == ["expiresAt"], wrong
    unknown = await client.post(PATH, json={"name": "x", "scope": "king", "token": "wsm_x"})
    assert {error["field"] for error in unknown.json()["errors"]} == {"scope", "token"}


async def test_it_is_recorded_with_its_scope_and_without_its_secret(api: Api, client: httpx.AsyncClient) -> None:
    new = await made(client, name=f"robot {uuid4().hex}", scope="write")
    entry = await api.value("SELECT audit::text FROM audit WHERE object_name = $1", new["name"])
    assert '"scope"' in entry.replace("\\", "").replace('""', '"')
    assert new["token"] not in entry


@pytest.mark.parametrize(
    ("scope", "customer"), [("read", None), ("write", None), ("read", CUSTOMER), ("admin", CUSTOMER)]
)
async def test_an_earlier_controller_does_not_find_a_token_with_a_scope(
    api: Api, client: httpx.AsyncClient, scope: str, customer: str | None
) -> None:
    """It looks for the SHA-256 of the token, and would give it the rights that its owner's tokens had before."""
    token = (await made(client, scope=scope, customerId=customer))["token"]
    found = await api.value("SELECT count(*) FROM api_token WHERE token_hash = $1", sha256(token.encode()).digest())
    assert found == 0


async def test_an_earlier_controller_finds_a_token_with_the_usual_rights(api: Api, client: httpx.AsyncClient) -> None:
    for fields in ({"scope": "admin"}, {"scope": "write", "customerId": CUSTOMER}):
        token = (await made(client, **fields))["token"]
        assert await api.value("SELECT true FROM api_token WHERE token_hash = $1", sha256(token.encode()).digest())
