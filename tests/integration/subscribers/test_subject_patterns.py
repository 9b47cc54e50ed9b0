"""Which patterns of subjects subscribers may choose, as docs/operations.md lists them."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.integration.subscribers.test_stream_credentials import logged_in
from tests.integration.subscribers.two_organizations import CUSTOMER, ORGANIZATION, TwoOrganizations, issue

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
MONITOR = UUID(int=9)
_SECTION = PAGE.partition("\n## Subscribers\n")[2].partition("\n## ")[0]
PATTERNS = sorted(set(re.findall(r"`(mailprobe\.event\.<organization>[^`]*)`", _SECTION)))


def test_the_page_names_patterns() -> None:
    assert len(PATTERNS) == 4


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_an_organizations_subscriber_may_choose_this_pattern(
    pattern: str, organizations: TwoOrganizations, bus: Bus, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "organization.creds"
    consumer = await issue(organizations, file, "--organization", str(ORGANIZATION))
    known = {"<organization>": ORGANIZATION, "<customer>": CUSTOMER, "<monitor>": MONITOR}
    for name, value in known.items():
        pattern = pattern.replace(name, str(value))
    async with logged_in(nats_url, file, subjects.inbox(consumer)) as (client, refusals):
        events = await client.subscribe(pattern)
        for _ in range(2):  # the client sends its PING before what is pending, so the second is behind the subscription
            await client.flush()
        subject = subjects.event(ORGANIZATION, CUSTOMER, MONITOR, "incident")
        await bus.publish(Message(subject, b"{}", str(uuid4())))
        assert (await events.next_msg(20)).subject == subject
        assert refusals == []
