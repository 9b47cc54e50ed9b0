"""Pages that follow events: which view an address has, and what its messages look like."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from controller.operations.monitors.verdict_counts import VerdictCounts
from controller.pages.live.addresses import view_of
from controller.pages.live.changes import Changes
from controller.pages.live.frames import ViewMessage, beat_frame, stale_frame, view_frame
from controller.pages.live.overview import LiveOverview
from controller.pages.live.views import LiveIncident, LiveIncidents, LiveLocations, LiveMonitor, LiveView
from controller.streaming.frames import StreamPosition
from controller.streaming.stream_event import StreamEvent
from shared.wire import subjects

MONITOR = "33333333-3333-4333-8333-333333333333"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/", LiveOverview),
        ("/?state=down&page=2", LiveOverview),
        (f"/monitors/{MONITOR}", LiveMonitor),
        (f"/monitors/{MONITOR}?range=day", LiveMonitor),
        (f"/monitors/{MONITOR}/checks/{MONITOR}?due=1", LiveMonitor),
        (f"/monitors/{MONITOR}-and-more", LiveView),
        (f"/incidents/{MONITOR}", LiveIncident),
        ("/incidents?open=1", LiveIncidents),
        ("/incidents/unpaged", LiveIncidents),
        ("/locations", LiveLocations),
        ("/account", LiveView),
        ("/monitors/new", LiveView),
    ],
)
def test_each_page_has_its_view(address: str, kind: type[LiveView]) -> None:
    view = view_of(address)
    assert type(view) is kind
    assert view.address == address


def test_changes_are_kept_by_their_type_and_merged() -> None:
    changes, others = Changes(), Changes(lost=True)
    changes.add(_event("result"))
    assert changes.about(MONITOR)
    assert not changes.judged
    others.add(_event("incident"))
    assert others.judged
    changes.merge(others)
    assert changes.judged
    assert changes.lost
    assert changes.monitors() == {MONITOR}


def test_a_beat_has_an_id_only_when_everything_before_was_sent() -> None:
    now = datetime(2026, 11, 22, 3, 12, 9, tzinfo=UTC)
    with_id = beat_frame(StreamPosition("19a", 7), now, VerdictCounts(down=2, partial=1)).decode()
    assert with_id.startswith("id: 19a-7\nevent: beat\n")
    without = beat_frame(None, now, VerdictCounts(down=2, partial=1)).decode()
    assert without.startswith("event: beat\n")
    data = json.loads(without.split("data: ")[1])
    assert (data["now"], data["down"], data["partial"]) == ("2026-11-22T03:12:09.000Z", 2, 1)


def test_a_message_is_one_line_of_data() -> None:
    message = ViewMessage(view="/", patch={"m-1": "<tr>\n</tr>"}, shown=[UUID(MONITOR)])
    frame = view_frame(message).decode()
    assert frame.count("\n") == 3
    assert json.loads(frame.split("data: ")[1])["shown"] == [MONITOR]
    assert json.loads(stale_frame("/x").decode().split("data: ")[1])["stale"]


def _event(event_type: str) -> StreamEvent:
    subject = subjects.event(UUID(MONITOR), UUID(MONITOR), UUID(MONITOR), event_type)
    return StreamEvent(StreamPosition("19a", 1), subject, b"{}")
