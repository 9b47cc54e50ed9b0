"""A notice in words: the subject and text of every channel, and the HTML of an e-mail."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from controller.notify.notice import IncidentNotice, Notice, PlainNotice

_LONGEST_SUBJECT = 200


class Tone(StrEnum):
    """What a message is about, for channels that show it by a colour, and as webhooks call it."""

    TROUBLE = "trouble"
    BETTER = "better"
    PLAIN = "plain"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. `text` is plain, its lines end with a newline."""

    subject: str
    text: str
    html: str
    tone: Tone


class _Words(msgspec.Struct, frozen=True):
    headline: str
    paragraphs: list[str]
    facts: list[tuple[str, str]]
    witnesses: list[tuple[str, str]]


def render(notice: Notice) -> Message:
    if isinstance(notice, PlainNotice):
        words = _Words(notice.title, notice.paragraphs, [("At", moment(notice.at, notice.time_zone))], [])
        tone = Tone.BETTER if notice.over else Tone.PLAIN
    else:
        words = _incident_words(notice)
        tone = Tone.BETTER if notice.over else Tone.TROUBLE
    subject = " ".join(words.headline.split())[:_LONGEST_SUBJECT]
    return Message(subject=subject, text=_text(words), html=_html(subject, words, tone), tone=tone)


def moment(at: datetime, time_zone: str) -> str:
    """As "2026-03-01 14:05:09 CET (UTC+01:00)"; UTC where the zone is not known here."""
    local = at.astimezone(_zone(time_zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} (UTC{offset[:3]}:{offset[3:5]})"


def lasted(span: timedelta) -> str:
    """As "1 h 5 min", to the second below an hour."""
    seconds = max(0, round(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (0 if days or hours else seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def server(notice: IncidentNotice) -> str:
    """As "smtp mail.example.com:587"."""
    monitor = notice.monitor
    host = f"[{monitor.hostname}]" if ":" in monitor.hostname else monitor.hostname
    return f"{monitor.kind} {host}" + (f":{monitor.port}" if monitor.port else "")


_HEADLINES = {
    "opened": {"down": "Down: {name}", "partial": "Partly down: {name}"},
    "escalated": {"down": "Down: {name}, after a partial outage"},
    "eased": {"partial": "Only partly down now: {name}"},
    "flapping": {"down": "Unstable: {name}", "partial": "Unstable: {name}"},
    "resolved": {"down": "Up again: {name}", "partial": "Up everywhere again: {name}"},
    "closed": {"down": "Closed: {name}", "partial": "Closed: {name}"},
}
_MEANINGS = {
    "opened": {
        "down": "The outage is confirmed from the locations below.",
        "partial": "It cannot be reached from some locations, while others reach it: a regional outage.",
    },
    "escalated": {"down": "What was a regional outage is an outage now."},
    "eased": {"partial": "Some locations reach it again, others do not."},
    "flapping": {
        "down": "It comes and goes. The incident stays open until it holds, and nothing more is told meanwhile.",
        "partial": "It comes and goes. The incident stays open until it holds, and nothing more is told meanwhile.",
    },
    "resolved": {"down": "The outage is over.", "partial": "The regional outage is over."},
    "closed": {
        "down": "The incident was closed for the reason below. No check saw the end of the outage.",
        "partial": "The incident was closed for the reason below. No check saw the end of the regional outage.",
    },
}


def _incident_words(notice: IncidentNotice) -> _Words:
    change = "closed" if notice.closed else notice.change
    headlines = _HEADLINES.get(change, {})
    headline = headlines.get(notice.severity, "Changed: {name}").format(name=notice.monitor.name)
    meaning = _MEANINGS.get(change, {}).get(notice.severity)
    facts = [
        ("Monitor", notice.monitor.name),
        ("Server", server(notice)),
        ("Customer", notice.customer.name),
        ("Reason", notice.reason),
        ("Began", moment(notice.outage_started_at, notice.time_zone)),
        ("Confirmed", moment(notice.started_at, notice.time_zone)),
    ]
    if notice.over and notice.resolved_at:
        facts.append(("Over", moment(notice.resolved_at, notice.time_zone)))
        facts.append(("Lasted", lasted(notice.resolved_at - notice.outage_started_at)))
    facts.append(("Incident", str(notice.incident_public_id)))
    seen = [
        (f"{witness.country} ({witness.location})" if witness.location else witness.country, witness.saw)
        for witness in notice.evidence
    ]
    return _Words(headline, [meaning] if meaning else [], facts, seen)


def _text(words: _Words) -> str:
    parts = [words.headline, *words.paragraphs, "\n".join(f"{name}: {value}" for name, value in words.facts)]
    if words.witnesses:
        parts.append("\n".join(["What each location saw:", *(f"  {name}: {saw}" for name, saw in words.witnesses)]))
    return "\n\n".join(parts) + "\n"


_COLOURS = {Tone.TROUBLE: "#b42318", Tone.BETTER: "#067647", Tone.PLAIN: "#344054"}


def _html(subject: str, words: _Words, tone: Tone) -> str:
    return _template("mail.html").substitute(
        subject=escape(subject),
        colour=_COLOURS[tone],
        paragraphs="".join(f"<p>{escape(text)}</p>" for text in words.paragraphs),
        facts=_rows(words.facts),
        witnesses=f"<h2>What each location saw</h2><table>{_rows(words.witnesses)}</table>" if words.witnesses else "",
    )


def _rows(pairs: list[tuple[str, str]]) -> str:
    return "".join(f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)


@lru_cache
def _template(name: str) -> Template:
    return Template((files("controller.notify") / "templates" / name).read_text())


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | timezone:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.utc  # noqa: UP017 - a ZoneInfo("UTC") needs the system's time zones
