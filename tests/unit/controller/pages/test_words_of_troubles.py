"""Each reason of a gap or a rejection and each notice to operators has words on the pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.decisions.received_results import RejectionReason
from controller.model import GapReason
from controller.operations.overview.overview import OpenNotice
from controller.pages.check.words import MISSING
from controller.pages.overview import trouble_views
from controller.pages.words import blindness
from controller.pipeline.ops.notices import TroubleKind


@pytest.mark.parametrize("reason", GapReason)
def test_a_reason_of_a_gap_is_in_words(reason: GapReason) -> None:
    assert reason in MISSING
    assert reason in trouble_views._GAP_REASONS
    assert reason in blindness._BLIND


@pytest.mark.parametrize("reason", RejectionReason)
def test_a_reason_of_a_rejection_is_in_words(reason: RejectionReason) -> None:
    assert reason in blindness._REJECTED


@pytest.mark.parametrize("kind", TroubleKind)
def test_an_open_notice_is_in_words(kind: TroubleKind) -> None:
    # Monitors without a location have a line of their own, with names of the viewer's organization only.
    assert kind in trouble_views._NOTICES or kind is TroubleKind.MONITOR_WITHOUT_LOCATION


def test_a_stream_that_stores_nothing_is_no_location() -> None:
    since = datetime(2026, 11, 22, tzinfo=UTC)
    shown = trouble_views._notice(OpenNotice(kind="broker_failing", subject="checks", since=since))
    assert (shown.title, shown.path, shown.since) == ("NATS does not work: checks", "/locations", since)
