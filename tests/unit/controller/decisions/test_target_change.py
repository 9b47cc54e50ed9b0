"""Which changes of a monitor begin anew, and which remove its own policy, for random monitors."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.monitors.mode_change import clears_policy
from controller.decisions.monitors.target_change import changes_target, is_changed
from controller.model import Mode, MonitorChange, MonitorSettings, MonitorStatus

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(["smtp", "imap", "pop3"]),
    "hostname": st.sampled_from(["a.example", "b.example"]),
    "port": st.none() | st.sampled_from([25, 587]),
    "ipv4": st.none() | st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    "resolve_dns": st.booleans(),
    "config": st.sampled_from([{}, {"a": 1}, {"a": 1.0}, {"a": True}, {"a": {"b": [None]}}]),
    "status": st.sampled_from(MonitorStatus),
    "mode": st.none() | st.sampled_from(Mode),
    "name": st.text(max_size=3),
    "interval_seconds": st.integers(10, 20),
    "timeout_seconds": st.integers(1, 10),
    "alertsite": st.sampled_from([{}, {"note": "n"}]),
    "location_ids": st.none() | st.lists(st.integers(1, 3), max_size=2),
}
SETTINGS = st.builds(MonitorSettings, **VALUES)
NO_TARGET = ("mode", "name", "interval_seconds", "timeout_seconds", "alertsite", "location_ids")


def used_address(monitor: MonitorSettings) -> str | None:
    return None if monitor.resolve_dns else monitor.ipv4


@given(SETTINGS, SETTINGS)
def test_only_the_target_and_an_activation_begin_anew(before: MonitorSettings, after: MonitorSettings) -> None:
    same = (
        before.kind == after.kind
        and before.hostname == after.hostname
        and before.port == after.port
        and used_address(before) == used_address(after)
        and repr(before.config) == repr(after.config)
    )
    activated = before.status == "disabled" and after.status in ("active", "maintenance")
    assert changes_target(before, after) is (activated or not same)


@given(SETTINGS, SETTINGS)
def test_other_settings_never_begin_anew(before: MonitorSettings, other: MonitorSettings) -> None:
    after = msgspec.structs.replace(before, **{name: getattr(other, name) for name in NO_TARGET})
    assert not changes_target(before, after)


@pytest.mark.parametrize("other", [1.0, True, "1", None])
def test_values_that_only_python_takes_for_equal_differ(other: object) -> None:
    before = MonitorSettings(kind="smtp", interval_seconds=60, timeout_seconds=30, config={"a": 1})
    assert changes_target(before, msgspec.structs.replace(before, config={"a": other}))
    assert is_changed(before, msgspec.structs.replace(before, config={"a": other}))


@given(SETTINGS, SETTINGS)
def test_a_setting_that_differs_is_a_change(before: MonitorSettings, after: MonitorSettings) -> None:
    assert is_changed(before, after) is (repr(before) != repr(after))
    assert not is_changed(before, msgspec.structs.replace(before))


@given(SETTINGS, SETTINGS)
def test_only_another_mode_removes_the_policy(before: MonitorSettings, after: MonitorSettings) -> None:
    assert clears_policy(before, after) is (before.mode != after.mode)
    assert not clears_policy(before, msgspec.structs.replace(after, mode=before.mode))


def test_a_change_can_set_every_setting_that_does_not_follow_from_others() -> None:
    settings = {field.name: field.type for field in msgspec.structs.fields(MonitorSettings)}
    changes = {field.name: field.type for field in msgspec.structs.fields(MonitorChange)}
    assert settings.keys() - changes.keys() == {"evaluation_deadline_seconds"}
    assert {name: kind | msgspec.UnsetType for name, kind in settings.items() if name in changes} == changes
    assert MonitorChange().values() == {}
