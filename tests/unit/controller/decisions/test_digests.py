"""When a digest is due, and what it reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from controller.decisions.history.uptime import EvaluatedTime
from controller.decisions.notification.digests import check_digest, is_missed, next_digest
from controller.decisions.notification.report import ReportedIncident, expiring, report_of
from controller.errors import InvalidError
from controller.model.values.digest import Digest

DAILY = Digest(frequency="daily", at="08:00")
WEEKLY = Digest(frequency="weekly", at="08:00", weekday="mon")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
ONE = UUID("11111111-1111-4111-8111-111111111111")


@pytest.mark.parametrize(
    ("digest", "after", "due"),
    [
        pytest.param(DAILY, "2026-11-24T06:59+00:00", "2026-11-24T07:00+00:00", id="today, while it is to come"),
        pytest.param(DAILY, "2026-11-24T07:00+00:00", "2026-11-25T07:00+00:00", id="tomorrow, from that moment on"),
        pytest.param(WEEKLY, "2026-11-24T12:00+00:00", "2026-11-30T07:00+00:00", id="on the weekday"),
        pytest.param(DAILY, "2027-03-27T12:00+00:00", "2027-03-28T06:00+00:00", id="by the clock of summer time"),
        pytest.param(
            Digest(frequency="daily", at="02:15"),
            "2027-03-27T12:00+00:00",
            "2027-03-28T01:15+00:00",
            id="though the clock skips that time",
        ),
        pytest.param(
            Digest(frequency="daily", at="02:15"),
            "2026-10-25T00:15+00:00",
            "2026-10-26T01:15+00:00",
            id="once, though the clock shows that time twice",
        ),
    ],
)
def test_when_it_is_due_in_berlin(digest: Digest, after: str, due: str) -> None:
    assert next_digest(digest, "Europe/Berlin", datetime.fromisoformat(after)) == datetime.fromisoformat(due)


def test_it_is_sent_at_most_a_day_late() -> None:
    assert not is_missed(NOW, NOW + timedelta(days=1))
    assert is_missed(NOW, NOW + timedelta(days=1, seconds=1))


@pytest.mark.parametrize(
    ("type_", "for_ops"),
    [pytest.param("webhook", False, id="not an e-mail"), pytest.param("email", True, id="for ops")],
)
def test_which_channels_have_none(type_: str, for_ops: bool) -> None:
    with pytest.raises(InvalidError, match="digest"):
        check_digest({"frequency": "daily"}, type_, for_ops=for_ops)


def incident(monitor_id: int, hours_ago: int, *, lasts: bool = False, flapping: bool = False) -> ReportedIncident:
    began = NOW - timedelta(hours=hours_ago)
    ended = None if lasts else began + timedelta(minutes=5)
    return ReportedIncident(ONE, monitor_id, f"Monitor {monitor_id}", "Acme", "down", "", began, ended, flapping)


def test_incidents_are_listed_by_monitor_and_noisy_monitors_by_number() -> None:
    incidents = [incident(1, 5), incident(2, 4), incident(1, 3), incident(1, 2), incident(3, 1, lasts=True)]
    report = report_of(incidents, {1: ONE, 2: ONE, 3: ONE}, [EvaluatedTime(1000, 0), EvaluatedTime(1000, 500)])
    assert [one.monitor_id for one in report.wrong] == [3]
    assert [one.monitor_id for one in report.ended] == [1, 1, 1, 2]
    assert [(one.monitor, one.incidents) for one in report.noisy] == [("Monitor 1", 3)]
    assert report.uptime == 75.0


def test_an_unstable_monitor_is_noisy() -> None:
    assert [one.flapping for one in report_of([incident(1, 1, flapping=True)], {1: ONE}, []).noisy] == [True]


def test_the_first_end_of_a_monitors_certificates_counts() -> None:
    soon, sooner, later = ((NOW + timedelta(days=days)).isoformat() for days in (20, 10, 31))
    assert expiring([(1, soon), (1, sooner), (2, later), (3, "never")], NOW) == [(1, NOW + timedelta(days=10))]
