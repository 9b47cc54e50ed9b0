"""A custom property with a name and a value is a label, whoever sets it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import create, edit, read
from tests.integration.api.conftest import Api

TEAM = {"id": 1, "name": "Team", "value": "Mail", "value_id": 7}


async def labels_of(api: Api, number: str) -> dict[str, str]:
    found: dict[str, str] = await api.value("SELECT labels FROM monitor WHERE id = $1", int(number))
    return found


async def label(api: Api, number: str, **labels: str) -> None:
    """Set all labels, as another group of routes does."""
    await api.value("UPDATE monitor SET labels = $2 WHERE id = $1", int(number), labels)


async def shown(api: Api, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await read(api, number))["custom_properties"]
    return found


async def test_a_property_with_name_and_value_is_a_label(api: Api) -> None:
    number = await create(api, custom_properties=[TEAM, {"id": 2, "name": "Tier", "value": 3}, {"id": 3, "value": "x"}])
    assert await labels_of(api, number) == {"Team": "Mail", "Tier": "3"}
    assert await shown(api, number) == [TEAM, {"id": 2, "name": "Tier", "value": 3}, {"id": 3, "value": "x"}]


@pytest.mark.parametrize(
    ("change", "labels"),
    [
        pytest.param({"id": "1", "value": "Web"}, {"Team": "Web", "tag": ""}, id="another value"),
        pytest.param({"id": 1, "name": "Group", "value": "Mail"}, {"Group": "Mail", "tag": ""}, id="another name"),
        pytest.param({"id": 1}, {"tag": ""}, id="no value"),
        pytest.param({"id": 1, "value_id": 9}, {"tag": ""}, id="a value that only AlertSite knows"),
        pytest.param({"id": 2, "name": "tag", "value": "v"}, {"Team": "Mail", "tag": "v"}, id="the name of a tag"),
    ],
)
async def test_a_change_of_a_property_changes_its_label(
    api: Api, change: dict[str, Any], labels: dict[str, str]
) -> None:
    number = await create(api, custom_properties=[TEAM])
    await label(api, number, Team="Mail", tag="")
    await edit(api, number, custom_properties=[change])
    assert await labels_of(api, number) == labels


@pytest.mark.parametrize(
    ("labels", "properties"),
    [
        pytest.param({"Team": "Mail"}, [TEAM], id="as it was"),
        pytest.param({"Team": "Web"}, [{"id": 1, "name": "Team", "value": "Web"}], id="another value"),
        pytest.param({"Team": ""}, [], id="a tag, which has no value"),
        pytest.param({}, [], id="none any more"),
        pytest.param({"Team": "Mail", "tag": ""}, [TEAM], id="a tag beside it"),
    ],
)
async def test_a_property_shows_what_its_label_became_elsewhere(
    api: Api, labels: dict[str, str], properties: list[dict[str, Any]]
) -> None:
    number = await create(api, custom_properties=[TEAM])
    await label(api, number, **labels)
    assert await shown(api, number) == properties
    await edit(api, number, note="something else")
    assert (await shown(api, number), await labels_of(api, number)) == (properties, labels)


async def test_a_label_that_was_set_elsewhere_is_changed_by_the_id_that_it_shows(api: Api) -> None:
    number = await create(api)
    await label(api, number, Stage="test", Team="Mail")
    stage, team = await shown(api, number)
    assert {**stage, "id": 0} == {"id": 0, "name": "Stage", "value": "test"}
    changed = await edit(api, number, custom_properties=[{"id": stage["id"], "value": "live", "value_id": 4}])
    assert changed["custom_properties"] == [{**stage, "value": "live", "value_id": 4}, team]
    assert await labels_of(api, number) == {"Stage": "live", "Team": "Mail"}
    await edit(api, number, custom_properties=[{"id": team["id"]}])
    assert await labels_of(api, number) == {"Stage": "live"}


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"id": 5, "name": "a:b", "value": "v"}, id="a colon in its name"),
        pytest.param({"id": 5, "name": "n" * 51, "value": "v"}, id="a long name"),
        pytest.param({"id": 5, "name": "n", "value": "v" * 101}, id="a long value"),
        pytest.param({"id": 5, "name": "n", "value": "two\nlines"}, id="lines"),
        pytest.param({"id": 5, "name": "Team", "value": "Other"}, id="the name of another property"),
    ],
)
async def test_what_cannot_be_a_label_stays_a_property(api: Api, own: dict[str, Any]) -> None:
    number = await create(api, custom_properties=[TEAM, own])
    assert (await shown(api, number), await labels_of(api, number)) == ([TEAM, own], {"Team": "Mail"})


async def test_more_properties_than_labels_are_kept(api: Api) -> None:
    many = [{"id": place, "name": f"n{place}", "value": "v"} for place in range(40)]
    number = await create(api, custom_properties=many)
    assert (await shown(api, number), len(await labels_of(api, number))) == (many, 32)
