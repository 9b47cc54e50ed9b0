"""What the digest mail of a channel says."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.values.public_url import PublicUrl
from controller.notify.rendering.content import Content, ListLine
from controller.notify.rendering.outage_line import DigestClock, ListedOutage, outage_line
from controller.notify.report_notice import ReportExpiry, ReportNotice, ReportOutage, ReportWarning
from controller.notify.words import clock_text, counted, duration_text, local_time_text


def report_content(notice: ReportNotice, public_url: PublicUrl, remarks: Sequence[str] = ()) -> Content:
    clock = DigestClock(notice.at, notice.time_zone)
    lists = [
        ("Still wrong", _outages(notice.wrong, clock, public_url), notice.number_wrong),
        ("Over", _outages(notice.ended, clock, public_url), notice.number_ended),
        (
            "Certificates that expire soon",
            [
                ListLine(
                    one.monitor,
                    public_url.link(f"/monitors/{one.monitor_public_id}"),
                    _expiry(one, clock),
                    one.expires_at <= notice.at,
                )
                for one in notice.expiring
            ],
            notice.number_expiring,
        ),
        (
            "Warnings that stand",
            [
                ListLine(one.monitor, public_url.link(f"/monitors/{one.monitor_public_id}"), _warning(one))
                for one in notice.warnings
            ],
            notice.number_warnings,
        ),
        (
            "Noisy monitors",
            [
                ListLine(
                    one.monitor,
                    public_url.link(f"/monitors/{one.monitor_public_id}"),
                    counted(one.incidents, "incident") + (", unstable" if one.flapping else ""),
                )
                for one in notice.noisy
            ],
            notice.number_noisy,
        ),
    ]
    return Content(
        state="Weekly digest" if notice.frequency == "weekly" else "Daily digest",
        name=notice.summary,
        paragraphs=[] if notice.eventful else ["Nothing went wrong in this time."],
        facts=[
            ("From", local_time_text(notice.since, notice.time_zone)),
            ("To", local_time_text(notice.at, notice.time_zone)),
            ("About", notice.scope),
            ("Uptime", "nothing was judged" if notice.uptime is None else f"{notice.uptime:g} %"),
        ],
        lists=[(heading, listed, number - len(listed)) for heading, listed, number in lists if listed],
        link=public_url.link(notice.path),
        action="Open the incidents",
        remarks=remarks,
    )


def _warning(one: ReportWarning) -> str:
    said = f"{one.warning}, at {counted(one.locations, 'location')}"
    return f"{said}. {one.remedy}" if one.remedy else said


def _outages(outages: Sequence[ReportOutage], clock: DigestClock, public_url: PublicUrl) -> list[ListLine]:
    return [
        outage_line(
            ListedOutage(
                one.incident_public_id, one.monitor, one.customer, one.severity, one.cause, one.began, one.ended
            ),
            clock,
            public_url,
        )
        for one in outages
    ]


def _expiry(one: ReportExpiry, clock: DigestClock) -> str:
    """For example "expires in 5 d, 2026-03-07 07:00"."""
    at = clock_text(one.expires_at, clock.time_zone, clock.at)
    if one.expires_at <= clock.at:
        return f"expired {duration_text(clock.at - one.expires_at)} ago, {at}"
    return f"expires in {duration_text(one.expires_at - clock.at)}, {at}"
