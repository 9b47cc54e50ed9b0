"""A location's network takes STARTTLS from every server: the operators are notified, and no customer."""

from __future__ import annotations

import pytest

from tests.system import monitors
from tests.system.comparison.stage import FOUND_SECONDS, INFECTED, OPS, Stage, Watch
from tests.system.product import eventually

pytestmark = pytest.mark.timeout(300)

ROUNDS_AFTER_ITS_END = 4


def test_its_own_network_is_a_matter_for_the_operators(stage: Stage, filtered: list[Watch]) -> None:
    eventually(lambda: len(_ops_mails(stage)) == 1, "the operators are notified", FOUND_SECONDS)
    assert "nl: the network takes STARTTLS away" in _ops_mails(stage)[0]
    eventually(
        lambda: {*_problems(stage)} == {watch.public_id for watch in filtered}, "problems of ours", FOUND_SECONDS
    )
    assert all("it is the location's network" in detail for detail in _problems(stage).values())

    words = "The network of location nl takes STARTTLS away"
    assert words in stage.product.page("/")
    over_from = monitors.now()
    filtered[0].box.faces.clear()
    eventually(lambda: len(_ops_mails(stage)) == 2, "its end is notified", FOUND_SECONDS)
    assert "nl: STARTTLS is offered again" in _ops_mails(stage)[1]
    assert words not in stage.product.page("/")
    for watch in filtered:
        _rounds_since(stage, watch, over_from)
        assert stage.feed(watch) == []
        assert stage.fact_events(watch) == []
        assert stage.notices(watch) == []
        assert {*stage.verdicts(watch)} == {"up"}


def _ops_mails(stage: Stage) -> list[str]:
    return [str(mail.message["Subject"]) for mail in stage.mail.to(OPS) if "STARTTLS" in str(mail.message["Subject"])]


def _problems(stage: Stage) -> dict[str, str]:
    """What is wrong with our own location, by monitor."""
    [here] = [one for one in stage.product.api.get("/api/locations").json() if one["countryCode"] == INFECTED]
    return {one["monitorPublicId"]: one["detail"] for one in here["probeProblems"]}


def _rounds_since(stage: Stage, watch: Watch, moment: float) -> None:
    """Wait until so many rounds were checked that a finding would be said, if it were one."""

    def complete() -> bool:
        checks = monitors.history(stage.product, watch.public_id)
        found = {monitors.scheduled(check) for check in checks if check["countryCode"] == INFECTED}
        return sum(due > moment for due in found) >= ROUNDS_AFTER_ITS_END

    eventually(complete, f"{watch.name} has passed again", FOUND_SECONDS)
