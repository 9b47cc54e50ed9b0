"""Which time the page of a monitor shows, as its address says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from controller.errors import InvalidError
from controller.pages.monitor.period import RANGES, Address, period_of, place_text, question_of, range_view
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

NOW = datetime(2026, 11, 22, 18, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize("name", RANGES)
def test_a_range_ends_now_and_has_at_most_400_slices(name: str) -> None:
    period = period_of({"range": name}, NOW)
    assert (period.until, period.since, period.range) == (NOW, NOW - RANGES[name], name)
    assert period.view.since <= period.since
    assert (period.view.until - period.view.since) / timedelta(seconds=period.view.bucket_seconds) <= 400


def test_a_day_is_shown_when_nothing_is_said() -> None:
    assert period_of({}, NOW) == period_of({"range": "day"}, NOW)


def test_a_moment_without_a_zone_is_utc_and_nothing_is_later_than_now() -> None:
    period = period_of({"from": "2026-11-22T10:00", "to": "2027-01-01"}, NOW)
    assert (period.since, period.until) == (datetime(2026, 11, 22, 10, tzinfo=UTC), NOW)
    assert period.range is None


def test_links_lead_to_the_times_beside_this_one_and_keep_filters() -> None:
    query = {"from": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z", "status": "failed", "before": "1.2.recheck"}
    links = range_view(period_of(query, NOW), Address(query), NOW)
    assert links.later
    assert links.closer
    assert links.wider

    def times(link: str) -> tuple[str, str]:
        found = parse_qs(link.removeprefix("?"))
        assert found["status"] == ["failed"]
        assert "before" not in found
        return found["from"][0], found["to"][0]

    assert times(links.earlier) == ("2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z")
    assert times(links.later) == ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")
    assert times(links.closer) == ("2026-11-20T06:00:00Z", "2026-11-20T18:00:00Z")
    assert times(links.wider) == ("2026-11-19T12:00:00Z", "2026-11-21T12:00:00Z")


def test_nothing_is_later_than_now_and_nothing_wider_than_a_year() -> None:
    links = range_view(period_of({"range": "year"}, NOW), Address({"range": "year"}), NOW)
    assert links.later is None
    assert links.wider is None
    assert [one.name for one in links.presets if one.current] == ["year"]


def test_a_place_of_the_log_survives_its_address() -> None:
    view = period_of({}, NOW).view
    question = question_of({"before": "1795371527123.4.recheck", "status": "blind", "purpose": "triggered"}, view)
    assert question.before
    assert place_text(question.before) == "1795371527123.4.recheck"
    assert question.choice.status is ResultStatus.UNKNOWN
    assert question.choice.purpose is Purpose.TRIGGERED


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01", "now", "x" * 5000])
def test_an_impossible_moment_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^from must"):
        period_of({"from": text}, NOW)
