"""A mail server with many monitors goes down, and the controller dies between the first message and the next: each
receiver hears of every outage and of its end once, by few messages, and somebody takes all of them with one click.
"""

from __future__ import annotations

import re

from tests.browser.chromium import browsing, missing_for_chromium
from tests.browser.people import log_in
from tests.conftest import requires
from tests.fakes.smtp_sink import Mail
from tests.system import monitors
from tests.system.conftest import running_mail_server
from tests.system.incidents.watched import CUSTOMER, ORGANIZATION
from tests.system.product import eventually
from tests.system.storms.storm import Storm

MONITORS = 300
INTERVAL_SECONDS = 20
MOST_MESSAGES = 3

_TAKEN = "SELECT count(*) FROM incident WHERE acknowledged_by = $1 AND resolved_at IS NULL"


def test_a_storm_is_told_in_few_messages_and_taken_with_one_click_although_a_controller_dies(storm: Storm) -> None:
    missing = missing_for_chromium()
    requires(missing is None, str(missing))
    with running_mail_server() as server:
        for number in range(MONITORS):
            monitors.create(
                storm.product,
                server.port,
                name=f"mail {number}",
                smtpConfig={"ignoreTls": True},
                checkIntervalSeconds=INTERVAL_SECONDS,
            )
        storm.begin(MONITORS)
        server.stop()
        storm.first_of("cause")
        with storm.controller_killed():
            assert storm.messages() == [1, 1]

        of_outages = storm.all_told(MONITORS)
        assert all(2 <= number <= MOST_MESSAGES for number in of_outages), of_outages
        _take_all(storm, storm.mail.to(CUSTOMER)[-1])

        server.start()
        assert storm.all_told(0) == [number + 2 for number in of_outages]


def _take_all(storm: Storm, mail: Mail) -> None:
    """Click the one button of the page to which the mail leads; every receiver is told once who took it."""
    before = storm.messages()
    who = storm.product.record["adminEmail"]
    [link] = re.findall(r"\S+/incident-groups/\S+", mail.text())
    with browsing() as browser:
        log_in(browser, storm.product)
        browser.open(link)
        browser.sees(f"{MONITORS} not acknowledged yet.")
        browser.click("Acknowledge all")
        browser.sees("All of them are acknowledged.")
    assert storm.query(_TAKEN, who) == MONITORS
    eventually(lambda: storm.messages() == [number + 1 for number in before], "both know who took it")
    words = f"Taken by {who} until it is resolved: "
    assert str(storm.mail.to(CUSTOMER)[-1].message["Subject"]).startswith(words)
    taken = storm.hooks.at(ORGANIZATION)[-1].json["acknowledgement"]
    assert (taken["by"], taken["others"]) == (who, MONITORS - 1)
