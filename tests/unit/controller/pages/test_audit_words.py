"""The audit log has words for everything that an entry can be about."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import Policy
from controller.decisions.monitors.defaults import AccountDefaults
from controller.kinds import BY_NAME
from controller.model import Account, ApiToken, Channel, Customer, Location, Monitor, Organization
from controller.model.audit import AuditAction, ObjectKind
from controller.model.values.field_names import camel
from controller.model.walls import ScreenToken
from controller.operations.audit.states import _ABOUT_ITSELF
from controller.pages.words.audit import ACTIONS, OBJECTS, words_of
from controller.pages.words.audit_fields import FIELDS, words_of_field

OBJECT_TYPES = (Organization, Customer, Account, ApiToken, Monitor, Channel, Location, ScreenToken)


def test_every_action_and_every_kind_of_object_has_words_of_its_own() -> None:
    assert set(ACTIONS) == set(AuditAction)
    assert set(OBJECTS) == set(ObjectKind)
    for words in (ACTIONS, OBJECTS):
        assert len(set(words.values())) == len(words)
    for text in (*ACTIONS.values(), *OBJECTS.values(), *FIELDS.values()):
        assert text
        assert not set(text) & set("_.")


@pytest.mark.parametrize("kind", [*OBJECT_TYPES, AccountDefaults, Policy], ids=lambda kind: kind.__name__)
def test_every_field_that_an_entry_can_show_has_words(kind: type) -> None:
    names = [camel(name) for name in kind.__struct_fields__ if name not in _ABOUT_ITSELF]  # type: ignore[attr-defined]
    assert [name for name in names if name not in FIELDS] == []


def test_every_setting_of_a_protocol_has_words() -> None:
    parts = {part for kind in BY_NAME.values() for path in kind.typed.FIELDS for part in path.split(".")}
    assert sorted(parts - FIELDS.keys()) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("policy.consecutiveRounds", "failing rounds in a row"),
        ("config.auth.user", "login: user"),
        ("config.headers.X-Source", "headers: X-Source"),
        ("labels.requireTls", "label: requireTls"),
        ("labels.a.b", "label: a.b"),
        ("monitor_location_count", "locations in each round"),
        ("config.routing_key", "routing key"),
        ("newerThanThis", "newer than this"),
        ("config", "settings"),
    ],
)
def test_a_field_in_words(path: str, words: str) -> None:
    assert words_of_field(path) == words


def test_an_action_of_another_version_is_shown_in_its_own_words() -> None:
    assert words_of("policy_settings.taken_over") == "policy settings taken over"
