"""Which events `watch` shows, and which subjects it asks the broker for."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
import pytest

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.watch.choice import AnyEvent, Choice, chooses, read, subjects_of
from shared.wire import subjects
from shared.wire.messages import ResultStatus

EVENTS: tuple[AnyEvent, ...] = (RESULT, VERDICT, INCIDENT)
NONE: tuple[AnyEvent, ...] = ()
ANOTHER = UUID(int=9)


def subject(event: AnyEvent) -> str:
    return subjects.event(event.organization_id, event.customer_id, event.monitor_id, event.type)


def matches(pattern: str, wanted: str) -> bool:
    """As NATS does it; a token is a name or `*`."""
    return all(one in {"*", other} for one, other in zip(pattern.split("."), wanted.split("."), strict=True))


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        pytest.param(Choice(), EVENTS, id="nothing asked for: everything"),
        pytest.param(Choice(organizations=frozenset({RESULT.organization_id})), EVENTS, id="its organization"),
        pytest.param(Choice(organizations=frozenset({ANOTHER})), NONE, id="another organization"),
        pytest.param(Choice(customers=frozenset({RESULT.customer_id, ANOTHER})), EVENTS, id="one of two customers"),
        pytest.param(Choice(customers=frozenset({ANOTHER})), NONE, id="another customer"),
        pytest.param(Choice(monitors=frozenset({RESULT.monitor_id})), EVENTS, id="its monitor"),
        pytest.param(
            Choice(monitors=frozenset({RESULT.monitor_id}), customers=frozenset({ANOTHER})),
            NONE,
            id="its monitor, but another customer: each must fit",
        ),
        pytest.param(Choice(kinds=frozenset({"smtp", "imap"})), EVENTS, id="one of two kinds"),
        pytest.param(Choice(kinds=frozenset({"pop3"})), NONE, id="another kind"),
        pytest.param(Choice(countries=frozenset({"DE"})), (RESULT,), id="its country: results only"),
        pytest.param(Choice(countries=frozenset({"JP"})), NONE, id="another country"),
        pytest.param(Choice(locations=frozenset({"de-nbg"})), (RESULT,), id="its location: results only"),
        pytest.param(Choice(locations=frozenset({"de-fra"})), NONE, id="another location"),
        pytest.param(Choice(statuses=frozenset({ResultStatus.FAILURE})), (RESULT,), id="its status: results only"),
        pytest.param(Choice(statuses=frozenset({ResultStatus.SUCCESS})), NONE, id="another status"),
        pytest.param(Choice(results=False), (VERDICT, INCIDENT), id="verdicts and incidents only"),
        pytest.param(
            Choice(organizations=frozenset(UUID(int=n) for n in range(60))), NONE, id="more than subjects can name"
        ),
    ],
)
def test_shown_is_what_fits_and_no_subject_keeps_it_away(choice: Choice, shown: Iterable[AnyEvent]) -> None:
    patterns = subjects_of(choice)
    for event in EVENTS:
        assert chooses(choice, event) is (event in shown)
        asked = [pattern for pattern in patterns if matches(pattern, subject(event))]
        assert len(asked) <= 1, "subjects that overlap are refused by the broker"
        assert asked or event not in shown


def test_few_monitors_are_asked_for_by_name() -> None:
    choice = Choice(monitors=frozenset({ANOTHER, RESULT.monitor_id}), statuses=frozenset({"failure"}))
    assert subjects_of(choice) == [
        f"mailprobe.event.*.*.{monitor}.result" for monitor in sorted({ANOTHER, RESULT.monitor_id})
    ]


@pytest.mark.parametrize("event", EVENTS, ids=["result", "verdict", "incident"])
def test_an_event_is_read_by_the_type_in_its_subject(event: AnyEvent) -> None:
    assert read(subject(event), msgspec.json.encode(event)) == event


@pytest.mark.parametrize(
    ("where", "body"),
    [
        pytest.param(subject(RESULT).replace(".result", ".dream"), msgspec.json.encode(RESULT), id="an unknown type"),
        pytest.param("mailprobe.event.x", b"{}", id="not the subject of an event"),
        pytest.param(subject(RESULT), b"{", id="not JSON"),
        pytest.param(subject(RESULT), b'{"eventId": 1}', id="not an event"),
        pytest.param(subject(RESULT), b'{"eventId": "\xff"}', id="not text"),
    ],
)
def test_what_cannot_be_read_is_passed_over(where: str, body: bytes) -> None:
    assert read(where, body) is None
