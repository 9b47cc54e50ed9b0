"""Labels over our own API, and what the vendors' groups show and keep of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite import client as alertsite
from tests.integration.api.conftest import CUSTOMER, Api

PATH = "/api/v1/monitors"
TARGET = {"kind": "smtp", "host": "mail.example.com"}


async def create(api: Api, labels: dict[str, Any], status: int = 201) -> dict[str, Any]:
    body = {"name": "M", "customerId": CUSTOMER, "target": TARGET, "labels": labels}
    answer = await api.client.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        pytest.param({"a:b": ""}, "labels", id="a colon in a key"),
        pytest.param({"a" * 51: ""}, "labels", id="a long key"),
        pytest.param({"": "x"}, "labels", id="a key without characters"),
        pytest.param({"a": "x" * 101}, "labels[...]", id="a long value"),
        pytest.param({"a": "\0"}, "labels[...]", id="NUL in a value"),
        pytest.param({str(number): "" for number in range(33)}, "labels", id="too many"),
    ],
)
async def test_labels_that_break_a_rule_are_refused(api: Api, labels: dict[str, str], field: str) -> None:
    assert [error["field"] for error in (await create(api, labels, 400))["errors"]] == [field]


async def test_a_patch_may_not_make_too_many(api: Api) -> None:
    made = await create(api, {str(number): "" for number in range(32)})
    one_more = await api.client.patch(f"{PATH}/{made['id']}", json={"labels": {"another": ""}})
    assert (one_more.status_code, one_more.json()["errors"][0]["rule"]) == (
        400,
        "must be an object of at most 32 members",
    )
    instead = await api.client.patch(f"{PATH}/{made['id']}", json={"labels": {"another": "", "0": None}})
    assert len(instead.json()["labels"]) == 32


async def test_the_vendors_groups_show_and_keep_them(api: Api) -> None:
    made = await create(api, {"team": "post", "critical": ""})
    number = str((await api.client.get(f"/api/smtp-monitors/{made['id']}")).json()["id"])
    await api.client.patch(f"/api/smtp-monitors/{made['id']}", json={"name": "N", "port": 2525})
    (shown,) = (await alertsite.read(api, number))["custom_properties"]
    assert (shown["name"], shown["value"]) == ("team", "post")
    await alertsite.edit(api, number, custom_properties=[{"id": shown["id"], "value": "mail"}, {"id": 1, "value": "x"}])
    read = (await api.client.get(f"{PATH}/{made['id']}")).json()
    assert (read["name"], read["labels"]) == ("N", {"team": "mail", "critical": ""})


async def test_a_property_of_alertsite_is_a_label(api: Api) -> None:
    number = await alertsite.create(api, custom_properties=[{"id": 1, "name": "Stage", "value": "live", "value_id": 2}])
    public_id = (await alertsite.read(api, number))["public_id"]
    assert (await api.client.get(f"{PATH}/{public_id}")).json()["labels"] == {"Stage": "live"}
    await api.client.patch(f"{PATH}/{public_id}", json={"labels": {"Stage": "test"}})
    shown = (await alertsite.read(api, number))["custom_properties"]
    assert shown == [{"id": 1, "name": "Stage", "value": "test"}]
    await api.client.patch(f"{PATH}/{public_id}", json={"labels": {"Stage": None}})
    assert (await alertsite.read(api, number))["custom_properties"] == []
