"""`/api/v1/customers`: created, read, changed, replaced and listed by programs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from controller.api.v1.customers.schemas import CustomerBody, CustomerPatch
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api

PATH = "/api/v1/customers"


async def made(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={"name": f"customer {uuid4().hex}", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_examples_are_accepted_as_they_stand(api: Api) -> None:
    answer = await api.client.post(PATH, json=CustomerBody.EXAMPLE)
    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert {name: new[name] for name in CustomerBody.EXAMPLE} == CustomerBody.EXAMPLE
    assert answer.headers["location"] == f"{PATH}/{new['id']}"
    read = await api.client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (new, answer.headers["etag"])
    patched = await api.client.patch(f"{PATH}/{new['id']}", json=CustomerPatch.EXAMPLE)
    assert (patched.json()["countries"], patched.json()["customFields"]) == (["DE"], {"contract": "A-2"})
    vendors = (await api.client.get(f"/api/customers/{new['id']}")).json()
    assert (vendors["allowedCheckCountryCodes"], vendors["packageType"]) == (["DE"], "basic")


async def test_a_replacement_sets_what_it_leaves_out_to_its_default_and_a_patch_keeps_it(api: Api) -> None:
    new = await made(api, email="a@example.com", customFields={"a": 1, "b": {"c": 2, "d": 3}})
    one = f"{PATH}/{new['id']}"
    change = {"customFields": {"a": None, "b": {"c": 5}}, "status": "marked_for_cancellation"}
    merge = {"content-type": "application/merge-patch+json"}
    patched = (await api.client.patch(one, json=change, headers=merge)).json()
    assert (patched["customFields"], patched["email"]) == ({"b": {"c": 5, "d": 3}}, "a@example.com")
    assert patched["cancelledAt"] is not None
    replaced = (await api.client.put(one, json={"name": "Only a name"})).json()
    assert (replaced["email"], replaced["customFields"], replaced["status"]) == (None, None, "active")
    assert replaced["id"] == new["id"]


async def test_what_is_read_can_be_sent_back(api: Api) -> None:
    new = await made(api, email="a@example.com")
    one = f"{PATH}/{new['id']}"
    for method in ("PUT", "PATCH"):
        answer = await api.client.request(method, one, json=new | {"id": "x", "createdAt": 7})
        assert answer.status_code == 200, answer.text
        assert answer.json() | {"updatedAt": 0} == new | {"updatedAt": 0}


async def test_a_change_for_another_state_is_refused_with_the_present_one(api: Api) -> None:
    new = await made(api)
    one = f"{PATH}/{new['id']}"
    tag = (await api.client.get(one)).headers["etag"]
    first = await api.client.patch(one, json={"email": "b@example.com"}, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first.headers["etag"] != tag
    for method, body in (("PATCH", {"email": None}), ("PUT", {"name": "Lost"})):
        lost = await api.client.request(method, one, json=body, headers={"If-Match": tag})
        assert lost.status_code == 412
        assert lost.json()["current"] == first.json()
    assert (await api.client.get(one)).json() == first.json()
    unchanged = await api.client.get(one, headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_all_mistakes_are_named_at_once_and_by_our_names(api: Api) -> None:
    body = {"name": " ", "email": "x", "notificationPhone": "1", "countries": ["XX"], "customFields": {"a": "\0"}}
    refused = await api.client.post(PATH, json=body)
    assert refused.status_code == 400
    assert {error["field"] for error in refused.json()["errors"]} == set(body)
    mixed = await api.client.post(PATH, json={**body, "alertLocationThresholdCount": 0})
    assert {error["field"] for error in mixed.json()["errors"]} == {*body, "alertLocationThresholdCount"}
    wrong = await api.client.post(PATH, json={"nam": "A", "status": 1, "alertLocationThresholdCount": 0})
    assert {error["field"] for error in wrong.json()["errors"]} == {
        *("name", "nam", "status", "alertLocationThresholdCount")
    }
    empty = await api.client.patch(f"{PATH}/{CUSTOMER}", json={"name": None})
    assert [error["field"] for error in empty.json()["errors"]] == ["name"]


async def test_the_list_is_walked_page_by_page_in_every_order(api: Api) -> None:
    mark = uuid4().hex
    names = [f"{mark} {letter}" for letter in "bDaCeF"]
    for name in names:
        await made(api, name=name)
    sorted_names = sorted(names, key=str.lower)
    for sort, expected in (
        ("name", sorted_names),
        ("-name", sorted_names[::-1]),
        ("createdAt", names),
        ("-createdAt", names[::-1]),
        ("-updatedAt", names[::-1]),
    ):
        found: list[str] = []
        cursor = None
        while cursor is not None or not found:
            query: dict[str, Any] = {"q": mark.upper(), "sort": sort, "limit": 4} | (
                {"cursor": cursor} if cursor else {}
            )
            page = (await api.client.get(PATH, params=query)).json()
            found += [item["name"] for item in page["items"]]
            cursor = page["nextCursor"]
        assert found == expected, sort
    first = (await api.client.get(PATH, params={"q": mark, "limit": 1})).json()
    other = await api.client.get(PATH, params={"q": mark, "sort": "-name", "cursor": first["nextCursor"]})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (400, "cursor")
    some = (await api.client.get(PATH, params={"q": mark, "fields": "id,name", "status": "active"})).json()["items"]
    assert [set(item) for item in some] == [{"id", "name"}] * 6
    assert (await api.client.get(PATH, params={"q": mark, "status": "marked_for_cancellation"})).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [{"sort": "email"}, {"status": "x"}, {"fields": "nam"}, {"q": "\0"}, {"limit": 0}, {"cursor": "x"}, {"p": 1}],
)
async def test_a_wrong_query_is_refused(api: Api, query: dict[str, Any]) -> None:
    refused = await api.client.get(PATH, params=query)
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (400, list(query))


async def test_a_customers_token_finds_its_own_customer_alone(api: Api) -> None:
    own = {"Authorization": f"Bearer {api.customer_token}"}
    assert [item["id"] for item in (await api.client.get(PATH, headers=own)).json()["items"]] == [CUSTOMER]
    assert (await api.client.get(f"{PATH}/{OTHER_CUSTOMER}", headers=own)).status_code == 403
    for identifier in (STRANGE_CUSTOMER, str(uuid4())):
        assert (await api.client.get(f"{PATH}/{identifier}")).status_code == 404
        assert (await api.client.patch(f"{PATH}/{identifier}", json={})).status_code == 404
    assert (await api.client.get(f"{PATH}/7")).status_code == 400
