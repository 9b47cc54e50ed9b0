"""Mail servers of many customers go down at once, each at an address of its own, and the controller dies meanwhile:
beyond the limit of a storm nobody gets a message for each.
"""

from __future__ import annotations

import sys
from typing import Any

from tests.conftest import requires
from tests.system import monitors
from tests.system.incidents.watched import CUSTOMER
from tests.system.smtpd import Smtpd
from tests.system.storms.storm import Storm

CAUSES = 40
STORM_LIMIT = 5


def test_a_storm_of_many_causes_is_told_in_few_messages_although_a_controller_dies(storm: Storm) -> None:
    requires(sys.platform == "linux", "Linux, where loopback has every address in 127.0.0.0/8")
    addresses = [f"127.0.0.{number}" for number in range(2, 2 + CAUSES)]
    server = Smtpd(addresses)
    server.start()
    try:
        for address in addresses:
            fields = {"smtpConfig": {"ignoreTls": True}, "customerId": _customer(storm, address)}
            monitors.create(storm.product, server.port, name=f"mail of {address}", hostname=address, **fields)
        storm.begin(CAUSES)
        server.stop()
        storm.first_of("storm")
        with storm.controller_killed():
            assert max(storm.messages()) <= STORM_LIMIT + 1

        of_outages = storm.all_told(CAUSES)
        assert all(STORM_LIMIT < number <= STORM_LIMIT + 2 for number in of_outages), of_outages
        assert storm.query("SELECT count(DISTINCT group_id) FROM incident") == 1
        subjects = [str(mail.message["Subject"]) for mail in storm.mail.to(CUSTOMER)]
        assert any("storm" in subject.lower() for subject in subjects), subjects

        server.start()
        assert storm.all_told(0) == [number + 1 for number in of_outages]
    finally:
        server.stop()


def _customer(storm: Storm, name: str) -> Any:
    """A customer whose mailbox is that of all. Outages of one customer that look the same have one cause."""
    body = {"name": name, "email": CUSTOMER, "notificationEmail": CUSTOMER}
    made = storm.product.api.post("/api/customers", json=body)
    assert made.is_success, made.text
    return made.json()["customer"]["id"]
