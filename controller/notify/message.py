"""Renders a notice: the subject and text for every channel, and the HTML of an e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from controller.model.values.public_url import PublicUrl
from controller.notify.digest_notice import DigestNotice
from controller.notify.notice import GroupNotice, IncidentNotice, Notice, PlainNotice
from controller.notify.rendering.content import Content
from controller.notify.rendering.digest_content import digest_content
from controller.notify.rendering.group_content import group_content
from controller.notify.rendering.html import html
from controller.notify.rendering.incident_content import incident_content
from controller.notify.rendering.plain_text import plain_text
from controller.notify.rendering.report_content import report_content
from controller.notify.report_notice import ReportNotice
from controller.notify.words import local_time_text

_LONGEST_SUBJECT = 200


class Tone(StrEnum):
    """Whether a message reports a problem or its end, for channels that show this by a colour or an icon."""

    TROUBLE = "trouble"
    BETTER = "better"
    PLAIN = "plain"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered notice. `headline` is the subject without the cause, for text messages. `text` is plain text whose
    lines end with a newline. `link` is the page about it, which `text` and `html` have too; None when the address of
    the dashboard is not known. `ack_link` acknowledges what it is about, and
    `unsubscribe_link` ends these digests to its receiver; whoever knows one may do so.
    """

    subject: str
    headline: str
    text: str
    html: str
    tone: Tone
    link: str | None = None
    ack_link: str | None = None
    unsubscribe_link: str | None = None


def render(
    notice: Notice,
    public_url: PublicUrl,
    remarks: Sequence[str] = (),
    *,
    ack_link: str | None = None,
    unsubscribe_link: str | None = None,
) -> Message:
    """`remarks` are paragraphs at the end, about this message, not what it reports; `ack_link` acknowledges that.
    `unsubscribe_link` is of a daily or weekly digest.
    """
    content = _content(notice, public_url, remarks, ack_link)
    content = msgspec.structs.replace(content, unsubscribe_link=unsubscribe_link)
    subject, headline = (" ".join(text.split())[:_LONGEST_SUBJECT] for text in (content.subject, content.headline))
    tone = _tone(notice)
    return Message(
        subject=subject,
        headline=headline,
        text=plain_text(content),
        html=html(content, subject, _colour(notice, tone)),
        tone=tone,
        link=content.link,
        ack_link=content.ack_link,
        unsubscribe_link=content.unsubscribe_link,
    )


def _content(
    notice: Notice,
    public_url: PublicUrl,
    remarks: Sequence[str],
    ack_link: str | None,
) -> Content:
    match notice:
        case PlainNotice():
            return Content(
                state=notice.title,
                paragraphs=notice.paragraphs,
                facts=[("At", local_time_text(notice.at, notice.time_zone))],
                link=public_url.link(notice.path) if notice.path else None,
                remarks=remarks,
            )
        case GroupNotice():
            return group_content(notice, public_url, remarks, ack_link)
        case DigestNotice():
            return digest_content(notice, public_url, remarks)
        case ReportNotice():
            return report_content(notice, public_url, remarks)
        case _:
            return incident_content(notice, public_url, remarks, ack_link)


def _tone(notice: Notice) -> Tone:
    match notice:
        case PlainNotice():
            return Tone.BETTER if notice.over else Tone.PLAIN
        case ReportNotice():
            return Tone.PLAIN
        case IncidentNotice() if notice.acknowledgement:
            return Tone.PLAIN
        case _:  # an on-call service would close its alert when told that some of the incidents are over
            return Tone.BETTER if notice.over else Tone.TROUBLE


def _colour(notice: Notice, tone: Tone) -> Tone:
    return Tone.BETTER if isinstance(notice, GroupNotice) and notice.recovers else tone
