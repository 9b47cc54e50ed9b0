"""One location alone is shown something else: it is said once, after three rounds and a recheck, and so is its end."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pytest

from tests.system import monitors
from tests.system.comparison.middlebox import Face
from tests.system.comparison.stage import ALONE, Stage, Watch, name_of
from tests.system.product import eventually

pytestmark = pytest.mark.timeout(300)


class Case(NamedTuple):
    """`verdict` is the monitor's while the finding lasts."""

    face: Face
    finding: str
    began: str
    ended: str
    verdict: str


CASES = (
    Case(
        Face.STRIPPED,
        "downgrade_suspected",
        "STARTTLS vanished in US, and other countries are still offered it",
        "STARTTLS is offered in US again",
        "degraded",
    ),
    Case(
        Face.MANGLED,
        "starttls_stripped",
        "STARTTLS vanished in US: something on the way takes it away",
        "STARTTLS is offered in US again",
        "degraded",
    ),
    Case(
        Face.INTERCEPTED,
        "interception_suspected",
        "In US the server presents another certificate, which is not trusted",
        "In US the server presents its usual certificate again",
        "partial",
    ),
)


@pytest.mark.usefixtures("filtered")
def test_a_finding_and_its_end_are_said_once(stage: Stage) -> None:
    watches = {case: stage.watch(case.face, stage.box()) for case in CASES}
    stage.wait_until_up(watches.values())
    tampered_from = monitors.now()
    for case, watch in watches.items():
        watch.box.faces[name_of(ALONE)] = case.face
    for case, watch in watches.items():
        stage.wait_for_changes(watch, 1)
        stage.becomes(watch, case.verdict)
        [began] = stage.feed(watch)
        assert (began["change"], began["finding"], began["locations"]) == ("began", case.finding, [ALONE.lower()])
        _comes_after_three_rounds_and_a_recheck(stage, watch, tampered_from, began["at"])
    for watch in watches.values():
        watch.box.faces.clear()
    for watch in watches.values():
        stage.wait_for_changes(watch, 2)
        stage.becomes(watch, "up")
    for case, watch in watches.items():
        _is_said_once(stage, case, watch)
        assert stage.verdicts(watch)[-3:] == ["up", case.verdict, "up"]


def _comes_after_three_rounds_and_a_recheck(stage: Stage, watch: Watch, tampered_from: float, at: str) -> None:
    found = datetime.fromisoformat(at).timestamp()
    before = [
        check["purpose"]
        for check in monitors.history(stage.product, watch.public_id)
        if check["countryCode"] == ALONE and tampered_from <= monitors.ended(check) <= found
    ]
    assert before.count("scheduled") >= 3
    assert before.count("recheck") >= 1


def _is_said_once(stage: Stage, case: Case, watch: Watch) -> None:
    """By the API, on the page, in the event stream, and on the channel that subscribes to it."""
    sentences = [case.began, case.ended]
    feed = stage.feed(watch)
    assert [one["words"] for one in feed] == sentences
    events = stage.fact_events(watch)
    assert [(str(one.event_id), one.words) for one in events] == [(one["id"], one["words"]) for one in feed]
    page = stage.product.page(f"/changes?monitor={watch.public_id}")
    assert [page.count(sentence) for sentence in sentences] == [1, 1]
    eventually(lambda: len(stage.notices(watch)) >= 2, "both mails")
    assert [sentence in mail.text() for mail in stage.notices(watch) for sentence in sentences] == [
        *(True, False),
        *(False, True),
    ]
