"""Admins of the organization that runs the installation add, rotate, enable, disable and remove locations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.api.v1.locations.bodies import KeyRotation, LocationBody
from controller.model import Role
from controller.store.locations import locations
from controller.store.locations.keys import revoked_users
from shared.nats.credentials import parse
from shared.private_files import write_private
from shared.secret import Secret
from shared.wire import enrolment
from shared.wire.enrolment import Enrolment
from shared.wire.sealing import SealError, open_login, seal_login
from shared.wire.targets import Login
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

LOCATIONS = "/api/v1/locations"
MONITOR = uuid4()


@dataclass
class Admin:
    """An admin of the organization that runs the installation, with a folder for enrolment files."""

    api: Api
    client: httpx.AsyncClient
    folder: Path

    async def add(self, **fields: Any) -> httpx.Response:
        return await self.client.post(LOCATIONS, json={"code": "de-fra", "country": "de"} | fields)

    async def post(self, action: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"{LOCATIONS}/de-fra/{action}", json=body, headers=headers)

    def file(self, answer: httpx.Response) -> Enrolment:
        """What an agent reads of the enrolment in an answer."""
        path = self.folder / "an.agent"
        write_private(path, answer.json()["enrolment"])
        return enrolment.read(path)

    async def opens(self, made: Enrolment) -> bool:
        """Whether an agent with this enrolment can open a login that is sealed to the location now."""
        here = await locations.by_code(self.api.database, "de-fra")
        assert here
        for key in (here.public_key, *here.older_keys):
            sealed = seal_login(Login("u", Secret("p")), key, monitor=MONITOR, location="de-fra")
            try:
                open_login(sealed, made.sealing_key, monitor=MONITOR, location="de-fra")
            except SealError:
                continue
            return True
        return False

    async def logs_in(self, made: Enrolment) -> bool:
        """Whether the broker accepts its login."""
        user = parse(made.nats_credentials.reveal()).user
        known = await self.api.value("SELECT count(*) FROM location_key WHERE nats_user = $1", user)
        return bool(known) and user not in await revoked_users(self.api.database)

    async def actions(self) -> list[tuple[str, str, str]]:
        """The action, actor and object of every entry about a location."""
        async with self.api.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT action, actor_kind, object_id FROM audit WHERE object_kind = 'location' ORDER BY id"
            )
        return [tuple(row) for row in rows]


@pytest.fixture
async def admin(api: Api, tmp_path: Path) -> AsyncIterator[Admin]:
    async with client_of(api.application) as client:
        somebody = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
        client.headers.update(somebody.headers)
        yield Admin(api, client, tmp_path)
    await api.value("TRUNCATE location CASCADE")
    await api.value("ALTER TABLE audit DISABLE TRIGGER USER")
    await api.value("DELETE FROM audit")
    await api.value("ALTER TABLE audit ENABLE TRIGGER USER")


async def test_a_new_location_is_answered_once_with_the_enrolment_that_its_agents_need(admin: Admin) -> None:
    answer = await admin.client.post(LOCATIONS, json=LocationBody.EXAMPLE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{LOCATIONS}/de-fra"
    made = admin.file(answer)
    assert (made.location, made.country, made.nats_url) == ("de-fra", "DE", "tls://nats.example.com:4222")
    assert made.verify_keys
    assert await admin.opens(made)
    assert await admin.logs_in(made)
    read = await admin.client.get(answer.headers["location"])
    assert "enrolment" not in read.json()
    assert read.json() == {name: value for name, value in answer.json().items() if name != "enrolment"}
    assert read.headers["etag"] == answer.headers["etag"]
    assert (read.json()["name"], read.json()["reasons"]) == ("Frankfurt", ["no_heartbeat"])
    assert await admin.actions() == [("location.added", "person", "de-fra")]
    secrets = [made.sealing_key.reveal(), parse(made.nats_credentials.reveal()).seed.reveal()]
    stored = await admin.api.value("SELECT string_agg(location_key::text, '') FROM location_key")
    logged = await admin.api.value("SELECT string_agg(audit::text, '') FROM audit")
    assert not any(secret in stored + logged for secret in secrets)


async def test_the_name_is_the_country_s_and_the_address_the_controller_s_without_others(
    admin: Admin, nats_url: str
) -> None:
    answer = await admin.add()
    assert answer.json()["name"] == "Germany"
    assert admin.file(answer).nats_url == nats_url


async def test_new_keys_replace_the_old_ones_at_once_or_later(admin: Admin) -> None:
    first = admin.file(await admin.add(natsUrl="tls://a.example.com:4222"))
    answer = await admin.post("rotate-key", KeyRotation.EXAMPLE)
    assert answer.status_code == 200, answer.text
    second = admin.file(answer)
    assert second.nats_url == "tls://a.example.com:4222"
    assert [await admin.opens(first), await admin.opens(second)] == [True, True]
    third = admin.file(await admin.post("rotate-key", {"keepOldKeys": 0}))
    assert [await admin.opens(one) for one in (first, second, third)] == [False, False, True]
    assert [await admin.logs_in(one) for one in (first, second, third)] == [False, False, True]
    assert [action for action, _, _ in await admin.actions()] == ["location.added"] + ["location.rotated"] * 2


async def test_a_location_is_disabled_enabled_and_removed(admin: Admin) -> None:
    made = admin.file(await admin.add())
    refused = await admin.client.delete(f"{LOCATIONS}/de-fra")
    assert refused.status_code == 409
    assert "disable it first" in refused.json()["detail"]
    off = await admin.post("disable")
    assert (off.status_code, off.json()["enabled"], off.json()["reasons"]) == (200, False, ["disabled", "no_heartbeat"])
    assert not await admin.logs_in(made)
    assert (await admin.post("enable")).json()["enabled"]
    assert await admin.logs_in(made)
    await admin.post("disable")
    assert (await admin.client.delete(f"{LOCATIONS}/de-fra")).status_code == 204
    for answer in (
        await admin.client.get(f"{LOCATIONS}/de-fra"),
        await admin.client.delete(f"{LOCATIONS}/de-fra"),
        await admin.post("enable"),
        await admin.post("rotate-key", {}),
    ):
        assert answer.status_code == 404
    elsewhere = await admin.add(country="FR")
    assert (elsewhere.status_code, "choose another code" in elsewhere.json()["detail"]) == (409, True)
    assert (await admin.add()).status_code == 201
    assert (await admin.add()).status_code == 409
    words = ["added", "disabled", "enabled", "disabled", "removed", "added"]
    assert [action for action, _, _ in await admin.actions()] == [f"location.{word}" for word in words]


async def test_a_location_gets_another_name_and_keeps_everything_else(admin: Admin) -> None:
    before = (await admin.add()).json()
    answer = await admin.client.patch(f"{LOCATIONS}/de-fra", json={"name": "Frankfurt"})
    assert answer.status_code == 200, answer.text
    changed = {"name": "Frankfurt", "updatedAt": answer.json()["updatedAt"]}
    assert answer.json() == {name: value for name, value in before.items() if name != "enrolment"} | changed
    assert (await admin.client.patch(f"{LOCATIONS}/de-fra", json={"name": None})).json()["name"] == "Germany"
    for name in ("", "a\nb", "x" * 256):
        refused = await admin.client.patch(f"{LOCATIONS}/de-fra", json={"name": name})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "name")
    assert (await admin.client.patch(f"{LOCATIONS}/unknown", json={"name": "A"})).status_code == 404
    stale = {"If-Match": answer.headers["etag"]}
    assert (await admin.client.patch(f"{LOCATIONS}/de-fra", json={"name": "B"}, headers=stale)).status_code == 412
    assert [action for action, _, _ in await admin.actions()] == ["location.added"] + ["location.renamed"] * 2


async def test_a_change_of_another_state_is_refused_with_the_present_one(admin: Admin) -> None:
    etag = (await admin.add()).headers["etag"]
    off = await admin.post("disable", None, **{"If-Match": etag})
    assert off.status_code == 200
    assert off.headers["etag"] != etag
    for answer in (
        await admin.post("enable", None, **{"If-Match": etag}),
        await admin.post("rotate-key", {}, **{"If-Match": etag}),
        await admin.client.delete(f"{LOCATIONS}/de-fra", headers={"If-Match": etag}),
    ):
        assert answer.status_code == 412
        assert answer.json()["current"]["enabled"] is False
        assert answer.headers["etag"] == off.headers["etag"]
    assert len(await admin.actions()) == 2
    removed = await admin.client.delete(f"{LOCATIONS}/de-fra", headers={"If-Match": off.headers["etag"]})
    assert removed.status_code == 204


async def test_all_mistakes_are_named_at_once_and_nothing_is_made(admin: Admin) -> None:
    for fields, wrong in (
        ({"code": "De", "country": 1}, {"code", "country"}),
        ({"country": "XX", "name": "\n", "natsUrl": "http://a"}, {"country", "name", "natsUrl"}),
        ({"unknown": 1}, {"unknown"}),
    ):
        answer = await admin.add(**fields)
        assert answer.status_code == 400, answer.text
        assert {error["field"] for error in answer.json()["errors"]} == wrong
    assert await admin.api.value("SELECT count(*) FROM location_key") == 0
    await admin.add()
    answer = await admin.post("rotate-key", {"keepOldKeys": -1, "natsUrl": ""})
    assert {error["field"] for error in answer.json()["errors"]} == {"keepOldKeys", "natsUrl"}


async def test_nobody_else_changes_locations(admin: Admin) -> None:
    """An API token does not either: what it could make would not end with it."""
    api = admin.api
    await admin.add()
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    people = [
        await person(api, Role.ADMIN, organization=strange),
        await person(api, Role.ADMIN, organization=ours, customers=[api.customer]),
        await person(api, Role.USER, organization=ours),
        await person(api, Role.GLOBAL_SUPPORTER, organization=ours),
    ]
    others = [{"Authorization": api.client.headers["Authorization"]}, *(one.headers for one in people)]
    requests = [
        ("PATCH", "/de-fra"),
        ("POST", ""),
        ("POST", "/de-fra/rotate-key"),
        ("POST", "/de-fra/enable"),
        ("POST", "/de-fra/disable"),
    ]
    async with client_of(api.application) as client:
        for headers in others:
            for method, rest in [*requests, ("DELETE", "/de-fra"), ("POST", "/unknown/enable")]:
                body = {"code": "us", "country": "US"} if not rest else {} if "rotate" in rest else None
                body = {"name": "Mine"} if method == "PATCH" else body
                answer = await client.request(method, LOCATIONS + rest, json=body, headers=headers)
                assert answer.status_code == 403, (method, rest, answer.text)
            assert (await client.get(f"{LOCATIONS}/de-fra", headers=headers)).status_code == 200
        elsewhere = await person(api, Role.GLOBAL_ADMIN, organization=strange)
        for action in ("disable", "enable"):
            answer = await client.post(f"{LOCATIONS}/de-fra/{action}", headers=elsewhere.headers)
            assert answer.status_code == 200, answer.text
    assert await api.value("SELECT count(*) FROM location") == 1
