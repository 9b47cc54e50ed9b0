"""Renders a notice: the subject and text for every channel, and the HTML of an e-mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template

import msgspec

from controller.help.failure_help import help_for, help_path
from controller.kinds import short_label_of, words_of
from controller.kinds.servers import NamedServer
from controller.model.values.public_url import PublicUrl
from controller.notify.notice import IncidentNotice, Notice, PlainNotice
from controller.notify.time_zones import zone_of
from shared.wire.failures import FailureKind

_LONGEST_SUBJECT = 200
_HELP_AT_MOST = 3


class Tone(StrEnum):
    """Whether a message reports a problem or its end, for channels that show this by a colour or an icon."""

    TROUBLE = "trouble"
    BETTER = "better"
    PLAIN = "plain"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered notice. `text` is plain text whose lines end with a newline. `link` is the page about it, which `text`
    and `html` have too; None when the address of the dashboard is not known. `ack_link` acknowledges what it is about;
    whoever knows it may do so.
    """

    subject: str
    text: str
    html: str
    tone: Tone
    link: str | None = None
    ack_link: str | None = None


class _Content(msgspec.Struct, frozen=True):
    headline: str
    paragraphs: list[str]
    facts: list[tuple[str, str]]
    evidence: list[tuple[str, str]]
    link: str | None
    help: list[tuple[str, str]]
    remarks: Sequence[str]
    ack_link: str | None = None


def render(
    notice: Notice, public_url: PublicUrl, remarks: Sequence[str] = (), *, ack_link: str | None = None
) -> Message:
    """`remarks` are paragraphs at the end, about this message, not what it reports; `ack_link` acknowledges that."""
    link = public_url.link(notice.path) if notice.path else None
    if isinstance(notice, PlainNotice):
        facts = [("At", local_time_text(notice.at, notice.time_zone))]
        content = _Content(notice.title, notice.paragraphs, facts, [], link, [], remarks)
        tone = Tone.BETTER if notice.over else Tone.PLAIN
    else:
        content = _incident_content(notice, link, _help(notice, public_url), remarks)
        tone = Tone.BETTER if notice.over else Tone.PLAIN if notice.acknowledgement else Tone.TROUBLE
    content = msgspec.structs.replace(content, ack_link=ack_link)
    subject = " ".join(content.headline.split())[:_LONGEST_SUBJECT]
    text, html = _text(content), _html(subject, content, tone)
    return Message(subject=subject, text=text, html=html, tone=tone, link=link, ack_link=ack_link)


def local_time_text(at: datetime, time_zone: str) -> str:
    """For example "2026-03-01 14:05:09 CET (UTC+01:00)"; in UTC when the time zone is unknown."""
    local = at.astimezone(zone_of(time_zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} (UTC{offset[:3]}:{offset[3:5]})"


def duration_text(span: timedelta) -> str:
    """For example "1 h 5 min"; seconds are shown below an hour."""
    seconds = max(0, round(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (0 if days or hours else seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def server(notice: IncidentNotice) -> str:
    """The kind and where it connects, for example "smtp mail.example.com:587"."""
    return f"{short_label_of(notice.monitor.kind)} {' and '.join(servers(notice))}"


def servers(notice: IncidentNotice) -> list[str]:
    """Where the checks connect, for example "mail.example.com:587"; at least one."""
    monitor = notice.monitor
    return monitor.servers or [str(NamedServer(monitor.hostname, monitor.port))]


_HEADLINES = {
    "opened": {"down": "Down: {name}", "partial": "Partly down: {name}"},
    "escalated": {"down": "Down: {name}, after a partial outage"},
    "eased": {"partial": "Only partly down now: {name}"},
    "flapping": {"down": "Unstable: {name}", "partial": "Unstable: {name}"},
    "resolved": {"down": "Up again: {name}", "partial": "Up everywhere again: {name}"},
    "closed": {"down": "Closed: {name}", "partial": "Closed: {name}"},
}
_FLAPPING = (
    "The {subject} fails and recovers again and again. The incident stays open until it is stable; until then you get"
    " no further messages."
)
_MEANINGS = {
    "opened": {
        "down": "The outage is confirmed from the locations below.",
        "partial": "The check fails from some locations and passes from others: a regional outage.",
    },
    "escalated": {"down": "The regional outage has become a full outage."},
    "eased": {"partial": "The check passes again from some locations and still fails from others."},
    "flapping": {
        "down": _FLAPPING,
        "partial": _FLAPPING,
    },
    "resolved": {"down": "The outage is over.", "partial": "The regional outage is over."},
    "closed": {
        "down": "The incident was closed for the reason below. No check saw the end of the outage.",
        "partial": "The incident was closed for the reason below. No check saw the end of the regional outage.",
    },
}
_VERDICTS = {"resolved": "up", "closed": "", "flapping": ""}
"""The verdict after a change, where it is not that of the severity; none where what it means says nothing new."""


def _help(notice: IncidentNotice, public_url: PublicUrl) -> list[tuple[str, str]]:
    """The pages about the failures that the locations met, most frequent first: title and whole address."""
    met = Counter(finding.failure for finding in notice.evidence if finding.failure)
    kinds = [FailureKind(name) for name, _ in met.most_common(_HELP_AT_MOST)]
    return [(help_for(kind).title, link) for kind in kinds if (link := public_url.link(help_path(kind)))]


def _incident_content(
    notice: IncidentNotice, link: str | None, pages: list[tuple[str, str]], remarks: Sequence[str]
) -> _Content:
    change = "closed" if notice.closed else notice.change
    headlines = _HEADLINES.get(change, {})
    headline = headlines.get(notice.severity, "Changed: {name}").format(name=notice.monitor.name)
    taken = notice.acknowledgement
    if taken:
        headline = taken.headline(notice.monitor.name)
    words = words_of(notice.monitor.kind)
    meaning = _MEANINGS.get(change, {}).get(notice.severity, "").format(subject=words.subject)
    of_kind = words.meaning(_VERDICTS.get(change, "{severity}").format(severity=notice.severity))
    facts = [
        ("Monitor", notice.monitor.name),
        (words.subject.capitalize(), server(notice)),
        ("Customer", notice.customer.name),
        ("Reason", notice.reason),
        ("Began", local_time_text(notice.outage_started_at, notice.time_zone)),
        ("Confirmed", local_time_text(notice.started_at, notice.time_zone)),
    ]
    if notice.over and notice.resolved_at:
        facts.append(("Ended", local_time_text(notice.resolved_at, notice.time_zone)))
        facts.append(("Lasted", duration_text(notice.resolved_at - notice.outage_started_at)))
    facts.append(("Incident", str(notice.incident_public_id)))
    evidence = [
        (f"{finding.country} ({finding.location})" if finding.location else finding.country, finding.finding)
        for finding in notice.evidence
    ]
    quiet = f"{notice.maintenance_text.capitalize()}." if notice.maintenance else ""
    said = taken.comment if taken else ""
    return _Content(
        headline, [text for text in (quiet, said, meaning, of_kind) if text], facts, evidence, link, pages, remarks
    )


def _text(content: _Content) -> str:
    parts = [content.headline, *content.paragraphs, "\n".join(f"{name}: {value}" for name, value in content.facts)]
    if content.evidence:
        parts.append(
            "\n".join(["What each location saw:", *(f"  {name}: {finding}" for name, finding in content.evidence)])
        )
    if content.link:
        parts.append(content.link)
    if content.ack_link:
        parts.append(f"Take it: {content.ack_link}")
    if content.help:
        parts.append("\n".join(["What to do:", *(f"  {title}: {link}" for title, link in content.help)]))
    parts += (f"Note: {remark}." for remark in content.remarks)
    return "\n\n".join(parts) + "\n"


_COLOURS = {Tone.TROUBLE: "#b42318", Tone.BETTER: "#067647", Tone.PLAIN: "#344054"}


def _html(subject: str, content: _Content, tone: Tone) -> str:
    return _template("mail.html").substitute(
        subject=escape(subject),
        colour=_COLOURS[tone],
        paragraphs="".join(f"<p>{escape(text)}</p>" for text in content.paragraphs),
        facts=_rows(content.facts),
        link=(f'<p><a href="{escape(content.link)}">Open it in Mailprobe</a></p>' if content.link else "")
        + (f'<p><a href="{escape(content.ack_link)}">Take it</a></p>' if content.ack_link else ""),
        help="".join(
            f'<p>What to do: <a href="{escape(link)}">{escape(title)}</a></p>' for title, link in content.help
        ),
        remarks="".join(f"<p>Note: {escape(remark)}.</p>" for remark in content.remarks),
        evidence=f"<h2>What each location saw</h2><table>{_rows(content.evidence)}</table>" if content.evidence else "",
    )


def _rows(pairs: list[tuple[str, str]]) -> str:
    return "".join(f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)


@lru_cache
def _template(name: str) -> Template:
    return Template((files("controller.notify") / "templates" / name).read_text())
