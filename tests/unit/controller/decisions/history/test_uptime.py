"""How time is evaluated from rounds."""

from __future__ import annotations

import pytest

from controller.decisions.history.uptime import (
    EvaluatedTime,
    RoundOutcome,
    Span,
    VerdictSince,
    estimated_time,
    evaluated_time,
    uptime_percent,
)

MINUTE = 60_000
HOUR = Span(0, 60 * MINUTE)


def rounds(*found: tuple[float, int, int]) -> list[RoundOutcome]:
    """Rounds from tuples: minute, how many locations passed, how many failed."""
    return [RoundOutcome(round(minute * MINUTE), passed, failed) for minute, passed, failed in found]


def minutes(evaluated: EvaluatedTime) -> tuple[float, float]:
    return evaluated.evaluated_ms / MINUTE, evaluated.down_ms / MINUTE


def span(from_minute: float, to_minute: float) -> Span:
    return Span(round(from_minute * MINUTE), round(to_minute * MINUTE))


ALWAYS = [span(-60, 1000)]


@pytest.mark.parametrize(
    ("found", "within", "maintenance", "expected"),
    [
        pytest.param([], HOUR, [], (0, 0), id="without rounds no time is evaluated"),
        pytest.param(
            [(0, 2, 0)], HOUR, [], (10, 0), id="a round counts for one interval at most, and the rest is a gap"
        ),
        pytest.param(
            [(0, 2, 0), (10, 0, 2), (20, 2, 0)], HOUR, [], (30, 10), id="a failed round is down until the next round"
        ),
        pytest.param(
            [(0, 2, 1)], HOUR, [], (10, 10), id="the verdict says whether a round with one failure of three is down"
        ),
        pytest.param([(0, 2, 0), (10, 0, 0), (20, 2, 0)], HOUR, [], (20, 0), id="a blind round counts for no time"),
        pytest.param(
            [(0, 0, 2), (10, 0, 0), (20, 0, 2)], HOUR, [], (20, 20), id="a blind round between failures is not down"
        ),
        pytest.param([(0, 2, 0), (4, 0, 2), (10, 2, 0)], HOUR, [], (20, 6), id="an extra round ends the one before it"),
        pytest.param([(-5, 0, 2), (5, 2, 0)], HOUR, [], (15, 5), id="the round before the hour counts into it"),
        pytest.param([(-10, 0, 2)], HOUR, [], (0, 0), id="a round one interval before does not count into the hour"),
        pytest.param([(55, 0, 2)], HOUR, [], (5, 5), id="the last round counts to the end of the hour"),
        pytest.param(
            [(0, 0, 2), (10, 0, 2)], HOUR, [Span(5 * MINUTE, 12 * MINUTE)], (13, 13), id="maintenance is left out"
        ),
        pytest.param(
            [(0, 0, 2)],
            HOUR,
            [Span(MINUTE, 2 * MINUTE), Span(8 * MINUTE, 30 * MINUTE)],
            (7, 7),
            id="several periods of maintenance are left out",
        ),
        pytest.param(
            [(0, 2, 0), (10, 2, 0)], Span(3 * MINUTE, 14 * MINUTE), [], (11, 0), id="only the requested period counts"
        ),
    ],
)
def test_time_is_evaluated(
    found: list[tuple[float, int, int]], within: Span, maintenance: list[Span], expected: tuple[float, float]
) -> None:
    """An outage lasts all the time, so that failed rounds are down."""
    assert minutes(evaluated_time(rounds(*found), 10 * MINUTE, within, maintenance, ALWAYS)) == expected


@pytest.mark.parametrize(
    ("outages", "down"),
    [
        pytest.param([], 0, id="failures that were never confirmed are not down"),
        pytest.param(
            [span(10, 41)], 30, id="the monitor is down from the first failing round to the first that passes"
        ),
        pytest.param([span(20, 30)], 10, id="the monitor is down until somebody resolves the incident by hand"),
        pytest.param([span(25, 41)], 20, id="a regional outage that grew counts from the round in which it did"),
        pytest.param([span(10, 15), span(30, 41)], 15, id="two outages are both down"),
        pytest.param([span(0, 10)], 0, id="an outage that was over before does not count"),
        pytest.param([span(50, 60)], 0, id="an outage that begins after does not count"),
    ],
)
def test_down_is_what_the_verdict_says(outages: list[Span], down: float) -> None:
    found = rounds((0, 3, 0), (10, 0, 3), (20, 0, 3), (30, 1, 2), (40, 3, 0), (50, 3, 0))
    assert minutes(evaluated_time(found, 10 * MINUTE, HOUR, [], outages)) == (60, down)


def test_rounds_that_pass_while_a_flapping_outage_is_held_open_are_up() -> None:
    found = rounds((0, 0, 3), (10, 3, 0), (20, 0, 3), (30, 3, 0), (40, 3, 0), (50, 3, 0))
    assert minutes(evaluated_time(found, 10 * MINUTE, HOUR, [], ALWAYS)) == (60, 20)


def test_hours_evaluated_one_by_one_add_up_to_all_of_them() -> None:
    found = rounds(*((7 * n, 2 - n % 3, n % 3) for n in range(60)))
    outages = [span(20, 110), span(150, 250.5)]
    whole = evaluated_time(found, 7 * MINUTE, Span(0, 420 * MINUTE), [], outages)
    parts = [
        evaluated_time(found, 7 * MINUTE, Span(n * 60 * MINUTE, (n + 1) * 60 * MINUTE), [], outages) for n in range(7)
    ]
    total = EvaluatedTime()
    for part in parts:
        total = total.plus(part)
    assert total == whole
    assert 0 < total.down_ms < total.evaluated_ms == 420 * MINUTE


@pytest.mark.parametrize(
    ("evaluated", "percent"),
    [
        pytest.param(EvaluatedTime(0, 0), None, id="without evaluated time there is no figure"),
        pytest.param(EvaluatedTime(1000, 0), 100.0, id="never down"),
        pytest.param(EvaluatedTime(1000, 1000), 0.0, id="always down"),
        pytest.param(EvaluatedTime(31_536_000_000, 60_000), 99.999, id="a minute of a year is not rounded away"),
        pytest.param(EvaluatedTime(3, 1), 66.666, id="rounded down to three digits"),
    ],
)
def test_uptime_is_the_share_of_evaluated_time_not_down(evaluated: EvaluatedTime, percent: float | None) -> None:
    assert uptime_percent(evaluated) == percent


def test_an_estimate_judges_the_time_with_a_verdict_and_leaves_maintenance_out() -> None:
    changes = [(0, "up"), (100, "unknown"), (200, "degraded"), (300, "down"), (500, "up")]
    verdicts = [VerdictSince(*change) for change in changes]
    found = estimated_time(verdicts, within=Span(50, 600), maintenance=[Span(400, 450)])
    assert found == EvaluatedTime(evaluated_ms=50 + 400 - 50, down_ms=200 - 50)
