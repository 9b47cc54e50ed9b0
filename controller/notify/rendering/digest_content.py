"""What the digest at the end of quiet hours says: what is still wrong first, then what is over."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.values.public_url import PublicUrl
from controller.notify.digest_notice import DigestNotice, DigestOutage
from controller.notify.rendering.content import Content
from controller.notify.rendering.outage_line import DigestClock, ListedOutage, outage_line
from controller.notify.words import local_time_text

MOST_LISTED = 100
"""How many outages a list names; the page of incidents has them all."""


def digest_content(notice: DigestNotice, public_url: PublicUrl, remarks: Sequence[str] = ()) -> Content:
    state, _, name = notice.title.partition(": ")
    clock = DigestClock(notice.at, notice.time_zone)
    return Content(
        state=state,
        name=name,
        paragraphs=["Quiet hours of the channel held messages about these outages until now."],
        facts=[
            ("From", local_time_text(notice.since, notice.time_zone)),
            ("To", local_time_text(notice.at, notice.time_zone)),
        ],
        lists=[
            (
                heading,
                [outage_line(_listed(one), clock, public_url) for one in outages[:MOST_LISTED]],
                len(outages) - MOST_LISTED,
            )
            for heading, outages in (("Still wrong", notice.wrong), ("Over meanwhile", notice.ended))
            if outages
        ],
        link=public_url.link(notice.path),
        action="Open the incidents",
        remarks=remarks,
    )


def _listed(one: DigestOutage) -> ListedOutage:
    return ListedOutage(
        one.incident_public_id, one.monitor, one.customer, one.severity, one.reason, one.began, one.ended
    )
