"""`GET /api/v1/monitors`: filters, order, pages and who sees what."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.many.herd import PATH, checked_from, make_herd
from tests.integration.api.people import organization_of, person

ALL = ["alpha", "Beta", "delta", "epsilon", "gamma", "zeta"]


@pytest.fixture(scope="module", autouse=True)
async def ids(api: Api) -> dict[str, str]:
    found = await make_herd(api)
    await checked_from(api, found["Beta"], "de-one", "DE")
    await checked_from(api, found["zeta"], "fi-one", "FI")
    return found


async def listed(api: Api, token: str | None = None, **parameters: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else None
    answer = await api.client.get(PATH, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def names(page: dict[str, Any]) -> list[str]:
    return [item["name"] for item in page["items"]]


async def walked(api: Api, **parameters: Any) -> list[str]:
    """The names on all pages."""
    found: list[str] = []
    page = await listed(api, **parameters)
    while True:
        found += names(page)
        assert len(page["items"]) <= parameters["limit"]
        if page["nextCursor"] is None:
            return found
        page = await listed(api, **{**parameters, "cursor": page["nextCursor"]})


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, ALL, id="all, by name in any case"),
        pytest.param({"kind": "imap"}, ["zeta"], id="a kind"),
        pytest.param({"kind": "smtp, pop3"}, ALL[:-1], id="several kinds"),
        pytest.param({"state": "down"}, ["Beta"], id="down, not while in maintenance"),
        pytest.param({"state": "maintenance,disabled,unknown"}, ["delta", "epsilon", "zeta"], id="several states"),
        pytest.param({"country": "de"}, ["Beta"], id="checked from a country"),
        pytest.param({"country": "FI,DE,US"}, ["Beta", "zeta"], id="checked from one of several countries"),
        pytest.param({"customer": OTHER_CUSTOMER}, ["gamma"], id="a customer"),
        pytest.param({"label": "team:post"}, ["alpha", "Beta"], id="a label with its value"),
        pytest.param({"label": "team"}, ["alpha", "Beta", "gamma"], id="a label with any value"),
        pytest.param({"label": "critical:"}, ["alpha"], id="a label with the empty value"),
        pytest.param({"label": "team:"}, [], id="no label with the empty value"),
        pytest.param({"label": ["team:post", "critical"]}, ["alpha"], id="two labels, both"),
        pytest.param({"label": "url:https://example.com:1"}, ["Beta"], id="a value with colons"),
        pytest.param({"project": "shop"}, ["alpha", "zeta"], id="a project"),
        pytest.param({"q": "BETA.EX"}, ["Beta"], id="a part of the host name"),
        pytest.param({"q": "other cust"}, ["gamma"], id="a part of the customer's name"),
        pytest.param({"q": "%"}, [], id="a character that means something to SQL"),
        pytest.param({"q": "a", "state": "down", "label": "team:post"}, ["Beta"], id="filters are combined"),
    ],
)
async def test_filters(api: Api, parameters: dict[str, Any], expected: list[str]) -> None:
    assert names(await listed(api, **parameters)) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ALL),
        ("-name", ALL[::-1]),
        ("createdAt", ["alpha", "Beta", "gamma", "delta", "epsilon", "zeta"]),
        ("-createdAt", ["zeta", "epsilon", "delta", "gamma", "Beta", "alpha"]),
        ("state", ["Beta", "gamma", "zeta", "alpha", "delta", "epsilon"]),
        ("-state", ["epsilon", "delta", "alpha", "zeta", "gamma", "Beta"]),
        ("interval", ["Beta", "gamma", "epsilon", "alpha", "delta", "zeta"]),
        ("-interval", ["zeta", "delta", "alpha", "Beta", "gamma", "epsilon"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 4, 500])
async def test_pages_in_every_order(api: Api, sort: str, expected: list[str], limit: int) -> None:
    assert await walked(api, sort=sort, limit=limit) == expected


async def test_the_latest_change_is_first_by_the_time_of_changes(api: Api, ids: dict[str, str]) -> None:
    await api.client.patch(f"/api/smtp-monitors/{ids['gamma']}", json={"notes": "changed"})
    assert (await walked(api, sort="-updatedAt", limit=2))[0] == "gamma"
    assert (await walked(api, sort="updatedAt", limit=2))[-1] == "gamma"


async def test_an_item_is_what_a_read_answers(api: Api, ids: dict[str, str]) -> None:
    (item,) = (await listed(api, label="critical"))["items"]
    expected = {
        "id": ids["alpha"],
        "kind": "smtp",
        "customerId": CUSTOMER,
        "project": "shop",
        "externalKey": "alpha",
        "labels": {"team": "post", "critical": ""},
        "state": "up",
        "enabled": True,
        "interval": 300,
    }
    assert {name: item[name] for name in expected} == expected
    assert item["target"]["host"] == "smtp.example.com"


async def test_only_the_fields_that_are_asked_for(api: Api, ids: dict[str, str]) -> None:
    page = await listed(api, fields="id,state", limit=1)
    assert page["items"] == [{"id": ids["alpha"], "state": "up"}]
    assert page["nextCursor"]


async def test_a_cursor_belongs_to_its_query_and_caller(api: Api) -> None:
    cursor = (await listed(api, limit=1))["nextCursor"]
    for headers, parameters in (
        ({}, {"sort": "-name"}),
        ({}, {"kind": "smtp"}),
        ({"Authorization": f"Bearer {api.customer_token}"}, {}),
        ({"Authorization": f"Bearer {api.strange_token}"}, {}),
    ):
        answer = await api.client.get(PATH, params={"cursor": cursor, **parameters}, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "cursor"


async def test_a_caller_sees_what_is_its_own(api: Api) -> None:
    assert names(await listed(api, api.customer_token)) == [name for name in ALL if name != "gamma"]
    assert names(await listed(api, api.strange_token)) == []
    organization = await organization_of(api, "Ours")
    reader = await person(api, Role.READONLY, organization=organization, customers=[api.other_customer])
    async with client_of(api.application) as client:
        answer = await client.get(PATH, headers=reader.headers)
    assert names(answer.json()) == ["gamma"]


async def test_deleted_monitors_are_not_listed(api: Api) -> None:
    gone = (await api.create(name="gone"))["publicId"]
    assert "gone" in names(await listed(api))
    await api.client.delete(f"/api/smtp-monitors/{gone}")
    assert names(await listed(api)) == ALL


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        pytest.param({"kind": "gopher"}, "kind", id="an unknown kind"),
        pytest.param({"state": "fine"}, "state", id="an unknown state"),
        pytest.param({"country": "XX"}, "country", id="an unknown country"),
        pytest.param({"country": "DE,,FI"}, "country", id="an empty value"),
        pytest.param({"customer": "1"}, "customer", id="a customer's number"),
        pytest.param({"customer": STRANGE_CUSTOMER}, "customerId", id="another organization's customer"),
        pytest.param({"label": ":x"}, "label", id="a label without a key"),
        pytest.param({"label": "a" * 51}, "label", id="a long key"),
        pytest.param({"label": ["a:1", "a:2"]}, "label", id="one label with two values"),
        pytest.param({"label": [f"{number}:" for number in range(33)]}, "label", id="too many labels"),
        pytest.param({"project": "a\0"}, "project", id="NUL"),
        pytest.param({"q": "a" * 256}, "q", id="a long text"),
        pytest.param({"sort": "colour"}, "sort", id="an unknown order"),
        pytest.param({"limit": 0}, "limit", id="an empty page"),
        pytest.param({"cursor": "x"}, "cursor", id="no cursor"),
        pytest.param({"fields": "id,secret"}, "fields", id="an unknown field"),
        pytest.param({"kinds": "smtp"}, "kinds", id="an unknown parameter"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, parameters: dict[str, Any], field: str) -> None:
    answer = await api.client.get(PATH, params=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_another_customer_of_the_organization_is_forbidden_to_a_customers_token(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.customer_token}"}
    answer = await api.client.get(PATH, params={"customer": OTHER_CUSTOMER}, headers=headers)
    assert answer.status_code == 403
