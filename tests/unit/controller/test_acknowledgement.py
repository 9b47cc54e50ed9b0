"""How long an acknowledgement lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.decisions.acknowledgement import Lasts, ends_at, is_acknowledged

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("at", "until", "holds"),
    [
        pytest.param(None, None, False, id="never acknowledged: nobody has it"),
        pytest.param(NOW - HOUR, None, True, id="without an end: held until it is resolved"),
        pytest.param(NOW - HOUR, NOW + HOUR, True, id="an end to come: held"),
        pytest.param(NOW - HOUR, NOW, False, id="the very end: lapsed"),
        pytest.param(NOW - 2 * HOUR, NOW - HOUR, False, id="an end that is past: as if never acknowledged"),
    ],
)
def test_whether_somebody_has_it(at: datetime | None, until: datetime | None, *, holds: bool) -> None:
    assert is_acknowledged(at, until, NOW) is holds


@pytest.mark.parametrize(
    ("lasts", "until"),
    [
        pytest.param(Lasts.HALF_AN_HOUR, NOW + timedelta(minutes=30), id="30m"),
        pytest.param(Lasts.TWO_HOURS, NOW + 2 * HOUR, id="2h"),
        pytest.param(Lasts.RESOLVED, None, id="resolved: without an end"),
    ],
)
def test_when_it_ends(lasts: Lasts, until: datetime | None) -> None:
    assert ends_at(lasts, NOW) == until
