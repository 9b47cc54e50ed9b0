"""What the digest mail of a channel says."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.values.public_url import PublicUrl
from controller.notify.rendering.content import Content, ListLine
from controller.notify.report_notice import ReportNotice, ReportOutage, ReportWarning
from controller.notify.words import clock_text, counted, duration_text, local_time_text

_SEVERITIES = {"down": "down", "partial": "partly down"}


def report_content(notice: ReportNotice, public_url: PublicUrl, remarks: Sequence[str] = ()) -> Content:
    lists = [
        ("Still wrong", [_outage(one, notice, public_url) for one in notice.wrong], notice.number_wrong),
        ("Over", [_outage(one, notice, public_url) for one in notice.ended], notice.number_ended),
        (
            "Certificates that expire soon",
            [
                ListLine(
                    one.monitor,
                    public_url.link(f"/monitors/{one.monitor_public_id}"),
                    f"{'expires' if one.expires_at > notice.at else 'expired'} "
                    f"{clock_text(one.expires_at, notice.time_zone, notice.at)}",
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


def _outage(one: ReportOutage, notice: ReportNotice, public_url: PublicUrl) -> ListLine:
    began = clock_text(one.began, notice.time_zone, notice.at)
    lasted = duration_text((one.ended or notice.at) - one.began)
    when = f"since {began}, for {lasted}" if one.ended is None else f"from {began} on, for {lasted}"
    words = f"{_SEVERITIES.get(one.severity, one.severity)} {when}"
    text = f"{words}: {one.cause}" if one.cause else words
    return ListLine(
        f"{one.monitor} ({one.customer})",
        public_url.link(f"/incidents/{one.incident_public_id}"),
        text,
        one.ended is None,
    )
