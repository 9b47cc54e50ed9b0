"""What an entry of the audit log shows of two states: the fields that differ, and never a secret."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model import Channel, Organization
from controller.operations.audit.differences import differences
from controller.operations.audit.states import fields_of

HOOK = "https://hooks.example.com/services/T0/B1/geheim"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3}), id="only what differs"),
        pytest.param({"a": 1}, {"a": 1}, ({}, {}), id="nothing"),
        pytest.param({"a": None}, {"a": ""}, ({}, {}), id="two ways to be empty"),
        pytest.param({"a": False}, {"a": True}, ({"a": False}, {"a": True}), id="no and yes"),
        pytest.param({"a": 0}, {}, ({"a": 0}, {"a": None}), id="a zero is not empty"),
        pytest.param(
            {"c": {"x": 1, "y": 2}}, {"c": {"x": 1, "y": 3}}, ({"c": {"y": 2}}, {"c": {"y": 3}}), id="within a field"
        ),
        pytest.param(
            {"c": {"password": "geheim1"}},
            {"c": {"password": "geheim2"}},
            ({"c": {"password": "(secret)"}}, {"c": {"password": "(secret changed)"}}),
            id="a secret that changed",
        ),
        pytest.param(
            {"c": {}},
            {"c": {"apiKey": "geheim"}},
            ({"c": {"apiKey": None}}, {"c": {"apiKey": "(secret set)"}}),
            id="a secret that is new",
        ),
        pytest.param(
            {"token": "geheim"}, {}, ({"token": "(secret)"}, {"token": "(secret removed)"}), id="a secret that is gone"
        ),
        pytest.param(
            {"x": [{"secret": "geheim1"}]},
            {"x": [{"secret": "geheim2"}]},
            ({"x": [{"secret": "(secret)"}]}, {"x": "(secret changed)"}),
            id="in a list",
        ),
        pytest.param(
            {"u": HOOK},
            {"u": HOOK + "2"},
            ({"u": "https://hooks.example.com/…"}, {"u": "https://hooks.example.com/… (secret changed)"}),
            id="the path of a URL",
        ),
        pytest.param(
            {"u": "https://user:geheim@a.example"},
            {"u": "https://b.example/"},
            ({"u": "https://a.example/…"}, {"u": "https://b.example/"}),
            id="the login in a URL",
        ),
        pytest.param(
            None, {"a": 1, "password": "geheim", "b": None}, (None, {"a": 1, "password": "(secret)"}), id="new"
        ),
        pytest.param({"a": f"see {HOOK}"}, None, ({"a": "see https://hooks.example.com/…"}, None), id="gone"),
    ],
)
def test_it_shows_what_differs(before: Any, after: Any, shown: Any) -> None:
    found = differences(before, after)
    assert found == shown
    assert "geheim" not in json.dumps(found)


NAMES = st.sampled_from(["password", "apiKey", "token", "plain", "other"])
VALUES = st.sampled_from(["geheim1", "geheim2", ["geheim3"], {"inner": "geheim4"}, None, ""])
STATES = st.dictionaries(NAMES.filter(lambda name: name not in {"plain", "other"}), VALUES)


@given(before=st.none() | STATES, after=st.none() | STATES)
def test_no_secret_is_shown_however_it_changes(before: Any, after: Any) -> None:
    nested = [{"config": state, "list": [state]} if state is not None else None for state in (before, after)]
    for old, new in ((before, after), nested):
        found = differences(old, new)
        assert "geheim" not in json.dumps(found)
        if old is not None and new is not None and old == new:
            assert found == ({}, {})


@pytest.mark.parametrize(
    "config",
    [
        {"url": HOOK, "headers": {"X-Anything": "geheim", "Other": 7}, "body": "geheim {{title}}"},
        {"secret": "geheim"},
        {"url": "https://ntfy.example.com", "topic": "geheim"},
        {"email": "ops@example.com", "note": "geheim"},
    ],
)
def test_a_channel_shows_addresses_and_hosts_and_no_other_text(config: dict[str, Any]) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    channel = Channel(
        public_id=UUID(int=4),
        customer_public_id=None,
        monitor_public_id=None,
        id=1,
        organization_id=1,
        customer_id=None,
        monitor_id=None,
        monitor_kind=None,
        owner_id=None,
        type="webhook",
        category="webhook",
        name="n",
        config=config,
        priority=1,
        delay_seconds=0,
        conditions=None,
        is_active=True,
        allowed_package_types=None,
        for_ops=False,
        created_at=now,
        updated_at=now,
    )
    shown = differences(None, fields_of(channel))
    assert "geheim" not in json.dumps(shown)
    if "email" in config:
        assert "ops@example.com" in json.dumps(shown)


def test_of_an_organizations_targets_addresses_are_shown_and_no_tokens() -> None:
    targets = {
        "email": "ops@example.com",
        "slack": "xoxb-1",
        "teams": "https://hooks.example.com/T/1",
        "sms": "+49 30 1",
    }
    organization = Organization(
        id=1,
        public_id=UUID(int=1),
        name="Example",
        default_notification_targets=targets,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    _, shown = differences(None, fields_of(organization))
    assert shown is not None
    assert shown["defaultNotificationTargets"] == {
        "email": "ops@example.com",
        "slack": "(secret)",
        "teams": "https://hooks.example.com/…",
        "sms": "+49 30 1",
    }
