"""Which requests are authenticated, and what each token reaches."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute

from controller.decisions.access import Permission
from controller.http.auth import FOR_PEOPLE, PERMISSION, require_permissions
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api, client_of

UNKNOWN_ID = "33333333-3333-4333-8333-333333333333"
ON_ONE = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/trigger-check"),
    ("GET", "/check-history"),
]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def guarded(application: Litestar) -> list[tuple[str, str]]:
    """Method and path of every route of the API that needs authentication."""
    return [
        (method, re.sub(r"{\w+}", UNKNOWN_ID, route.path_format))
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in sorted(handler.http_methods - {"OPTIONS"})
        if handler.opt[PERMISSION] is not Permission.PUBLIC and not handler.opt.get(FOR_PEOPLE)
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param("", id="no header"),
        pytest.param("Bearer", id="a scheme only"),
        pytest.param("Bearer wsm_" + "x" * 43, id="an unknown API token"),
        pytest.param("Bearer wsm_\udcff\udcff", id="not ASCII"),
        pytest.param("Bearer abc", id="neither vendor's form"),
        pytest.param("Bearer " + "0" * 32, id="an unknown access token"),
        pytest.param("Basic wsm_x", id="another scheme"),
        pytest.param("EXPIRED", id="an expired token"),
    ],
)
async def test_every_route_checks_the_token_before_it_reads_the_body(api: Api, authorization: str) -> None:
    if authorization == "EXPIRED":
        authorization = f"Bearer {api.expired_token}"
    headers = {b"Authorization": authorization.encode(errors="surrogateescape")}
    routes = guarded(api.application)
    assert len(routes) > 50
    for method, path in routes:
        answer = await api.client.request(method, path, content=b"{broken", headers=headers)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        if path.startswith("/api/v3"):
            assert answer.json() == {"errors": [{"code": 401, "message": "Unauthorized"}]}
        elif path.startswith("/api/v1/"):
            problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Unauthorized"}
            assert answer.json() == problem
        else:
            assert answer.json() == {"statusCode": 401, "statusMessage": "Unauthorized", "message": "Unauthorized"}


async def test_a_revoked_token_is_refused_at_once(api: Api) -> None:
    token = await api.token(await api.value("SELECT min(id) FROM organization"))
    assert (await api.client.get("/api/locations", headers=bearer(token))).status_code == 200
    await api.value("DELETE FROM api_token WHERE id = (SELECT max(id) FROM api_token)")
    assert (await api.client.get("/api/locations", headers=bearer(token))).status_code == 401


async def test_the_scheme_is_known_in_any_case(api: Api) -> None:
    headers = {"Authorization": f"bEaReR {api.customer_token}"}
    assert (await api.client.get("/api/locations", headers=headers)).status_code == 200


@pytest.mark.parametrize(("method", "rest"), ON_ONE)
async def test_a_monitor_of_another_organization_is_404(api: Api, method: str, rest: str) -> None:
    made = await api.create()
    answer = await api.client.request(
        method, f"/api/smtp-monitors/{made['publicId']}{rest}", json={}, headers=bearer(api.strange_token)
    )
    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")


@pytest.mark.parametrize(("method", "rest"), ON_ONE)
async def test_a_customers_token_is_403_at_another_customers_monitor(api: Api, method: str, rest: str) -> None:
    made = await api.create(customerId=OTHER_CUSTOMER)
    answer = await api.client.request(
        method, f"/api/smtp-monitors/{made['publicId']}{rest}", json={}, headers=bearer(api.customer_token)
    )
    assert (answer.status_code, answer.json()["message"]) == (403, "Forbidden")


async def test_a_customers_token_creates_for_its_customer_only(api: Api) -> None:
    body = {"name": "M", "hostname": "smtp.example.com"}
    headers = bearer(api.customer_token)
    own = await api.client.post("/api/smtp-monitors", json={**body, "customerId": CUSTOMER}, headers=headers)
    assert own.status_code == 200
    other = await api.client.post("/api/smtp-monitors", json={**body, "customerId": OTHER_CUSTOMER}, headers=headers)
    assert (other.status_code, other.json()["message"]) == (403, "Forbidden")


async def test_the_list_shows_what_the_token_reaches(api: Api) -> None:
    ours = await api.create(name="reach", customerId=CUSTOMER)
    other = await api.create(name="reach", customerId=OTHER_CUSTOMER)

    async def listed(token: str | None = None, **params: str | int) -> set[str] | int:
        answer = await api.client.get(
            "/api/smtp-monitors",
            params={"search": "reach", **params},
            headers=bearer(token) if token else {},
        )
        if answer.status_code != 200:
            return answer.status_code
        return {item["publicId"] for item in answer.json()["items"]}

    organization = await api.value("SELECT id FROM organization WHERE name = 'Ours'")
    both = {ours["publicId"], other["publicId"]}
    assert await listed() == both
    assert await listed(organizationId=organization) == both
    assert await listed(customerId=OTHER_CUSTOMER) == {other["publicId"]}
    assert await listed(customerId=api.customer) == {ours["publicId"]}
    assert await listed(api.customer_token) == {ours["publicId"]}
    assert await listed(api.customer_token, customerId=OTHER_CUSTOMER) == 403
    assert await listed(api.strange_token) == set()
    assert await listed(api.strange_token, organizationId=organization) == 403


async def test_health_and_the_document_need_no_token(api: Api) -> None:
    async with client_of(api.application) as client:
        for path in ("/healthz", "/readyz", "/schema/openapi.json"):
            assert (await client.get(path)).status_code == 200, path


def test_a_route_that_declares_no_permission_keeps_the_application_from_starting() -> None:
    @get("/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(LookupError, match="/forgotten"):
        require_permissions(Litestar([forgotten], openapi_config=None))
