"""Which events `watch` shows, and which subjects it subscribes to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
import pytest

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.api.asyncapi.side_examples import CONFIGURATION, DELIVERY, FACT, GAP, MAINTENANCE
from controller.watch.event_filter import AnyEvent, WatchFilter, matches, read, subjects_of
from shared.wire import subjects
from shared.wire.messages import ResultStatus

EVENTS: tuple[AnyEvent, ...] = (RESULT, VERDICT, INCIDENT, GAP, MAINTENANCE, DELIVERY, CONFIGURATION, FACT)
NONE: tuple[AnyEvent, ...] = ()
ANOTHER = UUID(int=9)


def subject(event: AnyEvent) -> str:
    return subjects.event(event.organization_id, event.customer_id, event.monitor_id, event.type)


def covers(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern as in NATS, where a token is a name or `*`."""
    return all(one in {"*", other} for one, other in zip(pattern.split("."), name.split("."), strict=True))


@pytest.mark.parametrize(
    ("choice", "shown"),
    [
        pytest.param(WatchFilter(), EVENTS, id="without filters everything is shown"),
        pytest.param(WatchFilter(organizations=frozenset({RESULT.organization_id})), EVENTS, id="its organization"),
        pytest.param(WatchFilter(organizations=frozenset({ANOTHER})), NONE, id="another organization"),
        pytest.param(
            WatchFilter(customers=frozenset({RESULT.customer_id, ANOTHER})), EVENTS, id="one of two customers"
        ),
        pytest.param(WatchFilter(customers=frozenset({ANOTHER})), NONE, id="another customer"),
        pytest.param(WatchFilter(monitors=frozenset({RESULT.monitor_id})), EVENTS, id="its monitor"),
        pytest.param(
            WatchFilter(monitors=frozenset({RESULT.monitor_id}), customers=frozenset({ANOTHER})),
            NONE,
            id="its monitor but another customer does not match",
        ),
        pytest.param(WatchFilter(kinds=frozenset({"smtp", "imap"})), EVENTS, id="one of two kinds"),
        pytest.param(WatchFilter(kinds=frozenset({"pop3"})), NONE, id="another kind"),
        pytest.param(WatchFilter(countries=frozenset({"DE"})), (RESULT,), id="of its country only results are shown"),
        pytest.param(WatchFilter(countries=frozenset({"JP"})), NONE, id="another country"),
        pytest.param(
            WatchFilter(locations=frozenset({"de-nbg"})), (RESULT,), id="of its location only results are shown"
        ),
        pytest.param(WatchFilter(locations=frozenset({"de-fra"})), NONE, id="another location"),
        pytest.param(
            WatchFilter(statuses=frozenset({ResultStatus.FAILURE})),
            (RESULT,),
            id="of its status only results are shown",
        ),
        pytest.param(WatchFilter(statuses=frozenset({ResultStatus.SUCCESS})), NONE, id="another status"),
        pytest.param(
            WatchFilter(results=False),
            (VERDICT, INCIDENT, MAINTENANCE, DELIVERY, CONFIGURATION, FACT),
            id="everything but results and gaps",
        ),
        pytest.param(
            WatchFilter(organizations=frozenset(UUID(int=n) for n in range(60))), NONE, id="more than subjects can name"
        ),
    ],
)
def test_shown_is_what_fits_and_no_subject_keeps_it_away(choice: WatchFilter, shown: Iterable[AnyEvent]) -> None:
    patterns = subjects_of(choice)
    for event in EVENTS:
        assert matches(choice, event) is (event in shown)
        subscribed = [pattern for pattern in patterns if covers(pattern, subject(event))]
        assert len(subscribed) <= 1, "the broker refuses subjects that overlap"
        assert subscribed or event not in shown


def test_few_monitors_are_subscribed_by_name() -> None:
    choice = WatchFilter(monitors=frozenset({ANOTHER, RESULT.monitor_id}), statuses=frozenset({"failure"}))
    assert subjects_of(choice) == [
        f"mailprobe.event.*.*.{monitor}.result" for monitor in sorted({ANOTHER, RESULT.monitor_id})
    ]


@pytest.mark.parametrize("event", EVENTS, ids=[event.type.value for event in EVENTS])
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
