"""Every setting of a monitor is stored when it is inserted and when it is changed, a later one too."""

from __future__ import annotations

from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from controller.model import Monitor, MonitorSettings
from controller.store.monitors import monitors
from tests.integration.store.conftest import Store

TYPES = {
    name: kind for name, kind in get_type_hints(MonitorSettings).items() if name in MonitorSettings.__struct_fields__
}
KEY = ("project", "external_key")
"""Set together, and each pair once."""


def another(kind: Any, value: Any) -> Any:
    """A value of this type that differs from `value`."""
    if NoneType in get_args(kind):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is list:
        return [another(get_args(kind)[0], None)]
    if kind == dict[str, str]:
        return {"z": "ü", "a": ""}
    if get_origin(kind) is dict:
        return {"z": {"b": ['"', "ü\n", 1.0, None]}, "a": True}
    if issubclass(kind, Enum):
        return next(one for one in kind if one is not value)
    if kind is bool:
        return not value
    if kind is int:
        return (value or 0) + 7
    return "imap" if value == "smtp" else "DE"


def settings_of(monitor: Monitor) -> dict[str, Any]:
    return {name: getattr(monitor, name) for name in TYPES}


@pytest.mark.parametrize("name", TYPES)
async def test_a_setting_is_kept(store: Store, name: str) -> None:
    plain = await store.monitor()
    value = another(TYPES[name], getattr(plain, name))
    values = {name: value} | ({"project": "shop", "external_key": "first"} if name in KEY else {})

    made = await store.monitor(**values)
    assert settings_of(made) == settings_of(plain) | values
    values |= {"external_key": "second"} if name in KEY else {}
    expected = settings_of(plain) | values
    changed = await monitors.change(
        store.database,
        store.organization,
        (plain.kind,),
        plain.id,
        lambda before: msgspec.structs.replace(before, **values),
    )
    assert changed is not None
    assert settings_of(changed) == expected

    kinds = ("smtp", "imap")
    assert changed == await monitors.by_identifier(store.database, store.organization, kinds, plain.public_id)
    page = await monitors.page_of(store.database, store.organization, kinds, limit=2, offset=0)
    assert page.monitors == [changed, made]
    assert msgspec.json.encode(changed.config) == msgspec.json.encode(expected["config"]), "keys keep their order"
