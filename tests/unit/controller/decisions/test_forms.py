"""A form of requests is used for a location when all of its agents read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.decisions.schedule.forms import forms_read
from controller.model import AgentSighting
from shared.wire.messages import CANARY, LOGINS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOTH = frozenset({CANARY, LOGINS})


def agent(*reads: str, ago: float = 1.0) -> AgentSighting:
    seen = NOW - timedelta(seconds=ago)
    return AgentSighting(name="a", kinds=[], version="1", started_at=seen, last_seen_at=seen, reads=list(reads))


@pytest.mark.parametrize(
    ("agents", "read"),
    [
        pytest.param([], frozenset(), id="no agent was ever seen: none"),
        pytest.param([agent(CANARY, LOGINS), agent(LOGINS, CANARY)], BOTH, id="both agents read both"),
        pytest.param([agent(CANARY, LOGINS), agent(CANARY)], {CANARY}, id="what one does not read is not used"),
        pytest.param([agent(LOGINS, "later")], {LOGINS, "later"}, id="forms of later versions are known by name"),
        pytest.param([agent(LOGINS), agent(ago=299)], frozenset(), id="an agent may only seem to be gone"),
        pytest.param([agent(LOGINS), agent(ago=300)], {LOGINS}, id="after five minutes it is"),
        pytest.param([agent(LOGINS, ago=600)], frozenset(), id="all are gone: none"),
    ],
)
def test_a_form_is_used_when_every_agent_reads_it(agents: list[AgentSighting], read: frozenset[str]) -> None:
    assert forms_read(agents, NOW) == read
