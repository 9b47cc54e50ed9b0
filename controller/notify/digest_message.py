"""The text and the mail of a digest: what is still wrong first, then what is over. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template
from typing import NamedTuple

from controller.model.values.public_url import PublicUrl
from controller.notify.digest_notice import DigestNotice, DigestOutage
from controller.notify.time_zones import zone_of

MOST_LISTED = 100
"""How many outages a list names; the page of incidents has them all."""

_SEVERITIES = {"down": "down", "partial": "partly down"}


class DigestText(NamedTuple):
    text: str
    html: str


def render_digest(notice: DigestNotice, public_url: PublicUrl, remarks: Sequence[str] = ()) -> DigestText:
    """Each outage with its link where the address of the dashboard is known."""
    zone = zone_of(notice.time_zone)
    since, until = (moment.astimezone(zone) for moment in (notice.since, notice.at))
    period = f"From {since:%a %Y-%m-%d %H:%M} to {until:%a %Y-%m-%d %H:%M} ({notice.time_zone}), held by quiet hours."
    lists = [("Still wrong", notice.wrong), ("Over meanwhile", notice.ended)]
    link = public_url.link(notice.path)
    text = [notice.title, period]
    for heading, outages in lists:
        if outages:
            lines = [_line(one, notice, public_url) for one in outages[:MOST_LISTED]]
            text.append("\n".join([f"{heading}:", *lines, *_rest(outages)]))
    text += [link] if link else []
    text += [f"Note: {remark}." for remark in remarks]
    html = Template((files("controller.notify") / "templates" / "digest.html").read_text()).substitute(
        title=escape(notice.title),
        colour="#b42318" if notice.wrong else "#067647",
        period=escape(period),
        lists="".join(_list(heading, outages, notice, public_url) for heading, outages in lists if outages),
        link=f'<p><a href="{escape(link)}">All incidents</a></p>' if link else "",
        remarks="".join(f"<p>Note: {escape(remark)}.</p>" for remark in remarks),
    )
    return DigestText("\n\n".join(text) + "\n", html)


def _line(one: DigestOutage, notice: DigestNotice, public_url: PublicUrl) -> str:
    link = public_url.link(f"/incidents/{one.incident_public_id}")
    words = f"  {one.monitor} ({one.customer}): {_SEVERITIES.get(one.severity, one.severity)}, {_when(one, notice)}"
    return "\n".join([words, f"    {one.reason}", *([f"    {link}"] if link else [])])


def _list(heading: str, outages: Sequence[DigestOutage], notice: DigestNotice, public_url: PublicUrl) -> str:
    rows = "".join(_row(one, notice, public_url) for one in outages[:MOST_LISTED])
    rest = "".join(f"<p>{escape(line.strip())}</p>" for line in _rest(outages))
    return f"<h2>{escape(heading)}</h2><ul>{rows}</ul>{rest}"


def _row(one: DigestOutage, notice: DigestNotice, public_url: PublicUrl) -> str:
    link = public_url.link(f"/incidents/{one.incident_public_id}")
    name = f'<a href="{escape(link)}">{escape(one.monitor)}</a>' if link else escape(one.monitor)
    severity = _SEVERITIES.get(one.severity, one.severity)
    when = escape(f"{severity}, {_when(one, notice)}")
    return f"<li><strong>{name}</strong> {escape(f'({one.customer})')}<br>{when}<br>{escape(one.reason)}</li>"


def _when(one: DigestOutage, notice: DigestNotice) -> str:
    began = _moment(one.began, notice)
    if one.ended is None:
        return f"since {began}"
    minutes = max(1, round((one.ended - one.began).total_seconds() / 60))
    hours, minutes = divmod(minutes, 60)
    lasted = " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
    return f"{began} to {_moment(one.ended, notice)}, {lasted}"


def _moment(at: datetime, notice: DigestNotice) -> str:
    """The time, with the day when it is not that of the digest."""
    zone = zone_of(notice.time_zone)
    local, today = at.astimezone(zone), notice.at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%a %H:%M}"


def _rest(outages: Sequence[DigestOutage]) -> list[str]:
    more = len(outages) - MOST_LISTED
    return [f"  and {more} more"] if more > 0 else []
