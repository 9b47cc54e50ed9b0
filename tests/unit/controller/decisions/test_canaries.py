"""When canaries are lost: three in a row of one kind, or of all kinds together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.decisions.canaries import (
    CanaryState,
    canary_kind,
    canary_kinds,
    canary_monitor,
    kinds_lost,
    last_failure,
)
from controller.model import AgentSighting, Location
from shared.clock import utc_now
from shared.wire.messages import CANARY
from shared.wire.targets import KINDS

NOW = utc_now()
HERE = Location(id=1, code="de", name="de", country_code="DE", enabled=True, public_key="k")


def state(kind: str = "smtp", **changes: Any) -> CanaryState:
    values: dict[str, Any] = {
        "sent_seconds": 5.0,
        "stored": True,
        "back": True,
        "missed": 0,
        "since": NOW,
        "back_at": NOW,
        "age_seconds": 1.0,
        "round_trip_ms": 1.0,
        "failed": 0,
        "failure": None,
    }
    return CanaryState(kind=kind, **values | changes)


def unanswered(kind: str, missed: int, sent_seconds: float = 31.0) -> CanaryState:
    return state(kind, stored=False, back=False, missed=missed, sent_seconds=sent_seconds)


@pytest.mark.parametrize(
    ("states", "lost"),
    [
        pytest.param([], [], id="no canaries"),
        pytest.param([state(kind) for kind in KINDS], [], id="all are back"),
        pytest.param([unanswered(kind, 0, 29.0) for kind in KINDS], [], id="they may still come"),
        pytest.param([unanswered(kind, 0) for kind in KINDS], sorted(KINDS), id="the last one of each kind"),
        pytest.param([unanswered("smtp", 2), state("imap")], ["smtp"], id="the last three of one kind"),
        pytest.param([unanswered("smtp", 1), state("imap")], [], id="only two of one kind"),
        pytest.param([unanswered("smtp", 0), unanswered("imap", 0)], [], id="only two in all"),
        pytest.param([unanswered("smtp", 1), unanswered("imap", 0)], ["imap", "smtp"], id="three of two kinds"),
        pytest.param([unanswered("smtp", 2)], ["smtp"], id="the only kind, three times"),
        pytest.param([unanswered("smtp", 1)], [], id="the only kind, twice"),
        pytest.param([unanswered("smtp", 3, 1.0), state("imap")], ["smtp"], id="three before one that may still come"),
    ],
)
def test_which_kinds_are_lost(states: list[CanaryState], lost: list[str]) -> None:
    assert kinds_lost(states) == lost


def test_the_target_fails_after_three_failures_in_a_row_over_all_kinds() -> None:
    failing = [state(kind, failed=1, failure="refused") for kind in KINDS]
    assert last_failure(failing) == "refused"
    assert last_failure([*failing[1:], state()]) is None
    assert last_failure([state(failed=2, failure="refused")]) is None
    assert last_failure([]) is None


def agent(name: str, *, kinds: tuple[str, ...] = KINDS, reads: tuple[str, ...] = (CANARY,), ago: float = 1.0) -> Any:
    seen_at = NOW - timedelta(seconds=ago)
    return AgentSighting(
        name=name,
        kinds=list(kinds),
        version="1",
        started_at=NOW,
        last_seen_at=seen_at,
        reads=list(reads),
    )


@pytest.mark.parametrize(
    ("agents", "kinds"),
    [
        pytest.param([], [], id="no agent"),
        pytest.param([agent("a", ago=31.0)], [], id="a silent agent"),
        pytest.param([agent("a"), agent("b", reads=())], [], id="one of two cannot read canaries"),
        pytest.param([agent("a"), agent("b", reads=(), ago=31.0)], list(KINDS), id="the one that cannot is gone"),
        pytest.param([agent("a", kinds=("imap", "jmap"))], ["imap"], id="a kind without a consumer"),
    ],
)
def test_which_kinds_get_canaries(agents: list[Any], kinds: list[str]) -> None:
    assert canary_kinds(HERE, agents, NOW) == kinds


def test_the_kinds_take_turns_and_the_monitor_id_is_fixed() -> None:
    assert [canary_kind(KINDS, due, 30_000) for due in range(0, 180_000, 30_000)] == [*KINDS, *KINDS]
    assert canary_monitor("de") == canary_monitor("de") != canary_monitor("us")
