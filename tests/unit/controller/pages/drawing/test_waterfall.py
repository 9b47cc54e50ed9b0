"""The geometry of a round's phases on one axis."""

from __future__ import annotations

import pytest

from controller.pages.drawing.waterfall import Axis, axis, segments
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming


def timing(phase: Phase, start_ms: float, duration_ms: float) -> PhaseTiming:
    return PhaseTiming(phase=phase, start_ms=start_ms, duration_ms=duration_ms)


PHASES = [
    timing(Phase.RESOLVE, 0, 1),
    timing(Phase.CONNECT, 1, 19),
    timing(Phase.EHLO, 20, 30),
    timing(Phase.TLS, 50, 25),
    timing(Phase.EHLO, 75, 25),
]


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (100.0, [0, 20, 40, 60, 80]),
        (101.0, [0, 50]),
        (1690.0, [0, 500, 1000, 1500]),
        (5000.0, [0, 1000, 2000, 3000, 4000]),
        (0.8, [0, 0.2, 0.4, 0.6]),
    ],
    ids=str,
)
def test_an_axis_has_round_numbers(length: float, labels: list[float]) -> None:
    drawn = axis([length, length / 2])
    assert drawn.length_ms == length
    assert [round(tick.label_ms, 6) for tick in drawn.ticks] == labels
    assert [tick.at for tick in drawn.ticks] == [pytest.approx(100 * label / length, abs=0.01) for label in labels]


def test_an_axis_of_nothing_has_a_length() -> None:
    assert axis([]).length_ms > 0
    assert axis([0.0]).length_ms > 0


def test_segments_lie_where_their_phases_were() -> None:
    drawn = segments(PHASES, None, Axis(200, []))
    assert [(one.phase, one.x, one.width) for one in drawn] == [
        ("resolve", 0, 0.5),
        ("connect", 0.5, 9.5),
        ("ehlo", 10, 15),
        ("tls", 25, 12.5),
        ("ehlo", 37.5, 12.5),
    ]
    assert not any(one.failed for one in drawn)


def test_only_the_last_phase_of_the_failed_name_failed() -> None:
    assert [one.failed for one in segments(PHASES, "ehlo", Axis(100, []))] == [False, False, False, False, True]


def test_a_label_stands_only_where_it_fits() -> None:
    assert [one.label for one in segments(PHASES, None, Axis(100, []))] == ["", "connect", "ehlo", "tls", "ehlo"]
    assert [one.label for one in segments(PHASES, None, Axis(400, []))] == ["", "", "", "", ""]


def test_no_segment_is_invisible_or_beyond_the_axis() -> None:
    phases = [timing(Phase.RESOLVE, 0, 0), timing(Phase.CONNECT, 5000, 0.01), timing(Phase.TLS, 5000, 9000)]
    for one in segments(phases, "tls", Axis(5000, [])):
        assert one.width >= 0.4
        assert 0 <= one.x <= one.end <= 100
