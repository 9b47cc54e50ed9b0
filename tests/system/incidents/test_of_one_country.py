"""Problems of one country: a regional outage is sent on that monitor's channels, a blocked probe is shown to ops only.

Both begin with the product (tests.system.incidents.watched), because a regional outage is confirmed only when it lasts.
So test_without_agents, which kills every agent, must come later: pytest runs the files of a folder by name.
"""

from __future__ import annotations

import pytest

from tests.conftest import requires
from tests.system import monitors
from tests.system.incidents.watched import ABROAD, CUSTOMER, ORGANIZATION, Watch, Watched
from tests.system.product import eventually
from tests.system.regions.abroad import missing_for_abroad

BELIEVED_SECONDS = 150
"""A minute of evaluations 10 s apart, the last of which waits for a check to time out; the rest is reserve."""

ROUNDS = 4


@pytest.fixture
def lossy(watched: Watched) -> Watch:
    requires(watched.lossy, missing_for_abroad() or "")
    assert watched.lossy
    return watched.lossy


@pytest.fixture
def greylisted(watched: Watched) -> Watch:
    requires(watched.greylisted, missing_for_abroad() or "")
    assert watched.greylisted
    return watched.greylisted


def test_packets_lost_for_one_country_are_partial_and_sent_on_that_monitors_channels_only(
    watched: Watched, lossy: Watch
) -> None:
    eventually(lambda: watched.verdict(lossy) == "partial", "partial", BELIEVED_SECONDS)
    found = watched.incidents(lossy)
    assert [one["error_message"] for one in found] == ["1 of 3 countries cannot connect: timeout; DE, FR pass"]
    [incident] = found
    assert incident["status"] == "open"

    eventually(lambda: watched.mails(lossy) and watched.posts(lossy), "mail and webhook")
    [mail] = watched.mails(lossy)
    assert incident["error_message"] in mail.text()
    [post] = watched.posts(lossy)
    assert post.signed_with(lossy.secret)
    assert watched.webhook_events("lossy", at=ORGANIZATION) == []
    assert not [mail for mail in watched.mail.to(CUSTOMER) if "lossy" in mail.message["Subject"]]


def test_a_server_that_greylists_one_country_is_up_and_a_probe_problem(watched: Watched, greylisted: Watch) -> None:
    def refused() -> bool:
        found = [check for check in monitors.history(watched.product, greylisted.public_id) if check["failure"]]
        assert {(check["countryCode"], check["failure"]["kind"]) for check in found} <= {(ABROAD, "temporary_refusal")}
        return len(found) >= ROUNDS

    eventually(refused, f"{ROUNDS} checks were refused", 10 * ROUNDS + 40)
    assert watched.verdict(greylisted) == "up"
    known = {each["countryCode"]: each for each in watched.product.api.get("/api/locations").json()}
    [problem] = known[ABROAD]["probeProblems"]
    assert greylisted.public_id in str(problem)
    assert not known["DE"]["probeProblems"]
    assert watched.incidents(greylisted) == []
    assert watched.nobody_notified(greylisted)
