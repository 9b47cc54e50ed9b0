"""Requests, locations and people for the tests of AlertSite's routes."""

from __future__ import annotations

from typing import Any, NamedTuple

from argon2 import PasswordHasher

from tests.integration.api.conftest import ORGANIZATION, Api

PATH = "/api/v3"
BODY = {"billing_plancode": "UBM - A/A", "name": "Email Sample Monitor", "hostname": "smtp.mycompany.com"}
HOSTS = {"email-smtp": "smtp.mycompany.com", "email-imap": "imap.mycompany.com", "email-pop": "pop.mycompany.com"}


class Answer(NamedTuple):
    status: int
    body: Any


async def create(api: Api, kind: str = "email-smtp", **fields: Any) -> str:
    """Create a monitor and return its number; `fields` are added to the required fields."""
    answer = await api.client.post(f"{PATH}/monitors/{kind}", json={**BODY, "hostname": HOSTS[kind], **fields})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    number = answer.json()["id"]
    assert isinstance(number, str)
    return number


async def read(api: Api, number: str) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/monitors/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def edit(api: Api, number: str, kind: str = "email-smtp", **fields: Any) -> dict[str, Any]:
    """PATCH a monitor and return it."""
    answer = await api.client.patch(f"{PATH}/monitors/{kind}/{number}", json=fields)
    assert (answer.status_code, answer.json()) == (200, {"id": number})
    return await read(api, number)


async def creation_errors(api: Api, fields: dict[str, Any], kind: str = "email-smtp") -> list[str]:
    """The error messages of a POST with these fields."""
    answer = await api.client.post(f"{PATH}/monitors/{kind}", json={**BODY, **fields})
    return messages(answer.json(), 400)


def messages(body: Any, status: int) -> list[str]:
    """The messages of an error answer. Asserts the form of the body as well."""
    assert list(body) == ["errors"], body
    assert all(error == {"code": status, "message": error["message"]} for error in body["errors"]), body
    return [error["message"] for error in body["errors"]]


async def make_locations(api: Api, **countries: str) -> dict[str, int]:
    """Create the locations that are missing and return the ids by code. `countries` maps codes to countries."""
    insert = (
        "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, upper($1), $2, 'k')"
        " ON CONFLICT (code) DO UPDATE SET country_code = excluded.country_code RETURNING id"
    )
    return {code: await api.value(insert, code, country) for code, country in countries.items()}


async def make_person(
    api: Api, email: str, password: str, *, role: str = "admin", customers: list[int] | None = None
) -> None:
    await api.value(
        "INSERT INTO account (organization_id, email, role, password_hash, customer_ids)"
        " SELECT id, $2, $3, $4, $5 FROM organization WHERE public_id = $1::uuid",
        ORGANIZATION,
        email,
        role,
        PasswordHasher().hash(password),
        customers,
    )


async def request(api: Api, method: str, path: str, *, token: str | None = None, **options: Any) -> Answer:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = await api.client.request(
        method, f"{PATH}{path}", headers={**headers, **options.pop("headers", {})}, **options
    )
    return Answer(answer.status_code, answer.json() if answer.content else None)


async def log_in(api: Api, user: str, password: str) -> Answer:
    answer = await api.client.post(f"{PATH}/access-tokens", json={"username": user, "password": password})
    return Answer(answer.status_code, answer.json())


async def stored(api: Api, number: str) -> Any:
    """The row of a monitor in the database, without updated_at."""
    return await api.value("SELECT to_jsonb(m) - 'updated_at' FROM monitor m WHERE id = $1::text::bigint", number)
