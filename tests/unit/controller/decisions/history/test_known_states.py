"""The states of a time: what the last verdict was at each moment, unless the monitor was in maintenance."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.history.known_states import (
    MAINTENANCE,
    VerdictFrom,
    known_states,
    verdict_spans,
)
from controller.decisions.history.uptime import EvaluatedTime, Span, VerdictSince, estimated_time
from shared.epoch import to_ms

END = 40
verdicts = st.lists(
    st.tuples(st.integers(0, END - 1), st.sampled_from(["up", "down", "partial", "unknown"])),
    unique_by=lambda one: one[0],
    max_size=6,
).map(lambda some: [VerdictFrom(at, verdict, f"since {at}") for at, verdict in sorted(some)])
maintenance = st.sets(st.integers(0, END), max_size=8).map(
    lambda edges: [Span(*pair) for pair in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


UNCHECKED, SILENT = "maintenance suspended the checks", "checks went on, and nobody was notified"


def at_each_moment(some: list[VerdictFrom], pauses: list[Span], suspended: list[Span]) -> list[tuple[str, str] | None]:
    """The state and its reason in each millisecond; None where nothing is known."""
    found: list[tuple[str, str] | None] = []
    for moment in range(END):
        last = next((one for one in reversed(some) if one.at_ms <= moment), None)
        if any(pause.from_ms <= moment < pause.to_ms for pause in pauses):
            unchecked = any(pause.from_ms <= moment < pause.to_ms for pause in suspended)
            found.append((MAINTENANCE, UNCHECKED if unchecked else SILENT))
        elif last is None or last.verdict == "unknown":
            found.append(None)
        else:
            found.append((last.verdict, last.reason))
    return found


@settings(deadline=None)
@given(verdicts, maintenance, st.data())
def test_states_are_those_of_each_moment(some: list[VerdictFrom], pauses: list[Span], data: st.DataObject) -> None:
    """Maintenance says whether it suspended the checks."""
    suspended = [pause for pause in pauses if data.draw(st.booleans())]
    states = known_states(verdict_spans(some, END), pauses, suspended)
    shown: list[tuple[str, str] | None] = [None] * END
    for state in states:
        for moment in range(to_ms(state.from_at), to_ms(state.to_at)):
            assert shown[moment] is None, "states do not overlap"
            shown[moment] = (state.state, state.reason)
    assert shown == at_each_moment(some, pauses, suspended)
    assert states == sorted(states, key=lambda state: state.from_at)


@settings(deadline=None)
@given(verdicts, maintenance, st.integers(0, END), st.integers(0, END))
def test_time_is_judged_where_a_verdict_is_known(
    some: list[VerdictFrom], pauses: list[Span], one: int, other: int
) -> None:
    within = Span(min(one, other), max(one, other))
    states = at_each_moment(some, pauses, [])[within.from_ms : within.to_ms]
    judged = [state[0] for state in states if state is not None and state[0] != MAINTENANCE]
    # The last verdict holds at the end of the time that is asked about, so later ones are not given.
    since = [VerdictSince(verdict.at_ms, verdict.verdict) for verdict in some if verdict.at_ms < within.to_ms]
    found = estimated_time(since, within, pauses)
    assert found == EvaluatedTime(len(judged), judged.count("down"))
