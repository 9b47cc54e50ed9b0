"""What a message about several incidents says: those of one cause, or a storm of many."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.values.public_url import PublicUrl
from controller.notify.notice import GroupMember, GroupNotice
from controller.notify.rendering.content import Content, Member
from controller.notify.words import clock_text, counted, duration_text, local_time_text, server

_MOST_CAUSES = 20
"""`causes` of a notice has no more: with so many there may be others."""
_CHANGES = {
    "opened": {"down": "down", "partial": "partly down"},
    "escalated": {"down": "down, after a partial outage"},
    "eased": {"partial": "only partly down now"},
    "flapping": {"down": "unstable", "partial": "unstable"},
    "resolved": {"down": "up again", "partial": "up everywhere again"},
}


def group_content(
    notice: GroupNotice, public_url: PublicUrl, remarks: Sequence[str] = (), ack_link: str | None = None
) -> Content:
    state, name, cause = _storm_title(notice) if notice.kind == "storm" else _cause_title(notice)
    return Content(
        state=state,
        name=name,
        cause=cause,
        paragraphs=_paragraphs(notice),
        facts=_facts(notice),
        causes=notice.causes if len(notice.causes) > 1 else (),
        members=[_member(member, notice, public_url) for member in notice.members],
        more_members=max(0, notice.reported - len(notice.members)),
        link=public_url.link(notice.path),
        action="Open the group",
        ack_link=None if notice.recovers else ack_link,
        remarks=remarks,
    )


def _cause_title(notice: GroupNotice) -> tuple[str, str, str]:
    """For example "Down", "38 more" and the cause; of a single incident its monitor's name."""
    cause = _cause(notice)
    if notice.over:
        return "Up again", _only(notice) or f"all {notice.number:,}", cause
    if notice.recovers:
        return "Up again", _some(notice), cause
    more = f"{only}, 1 more" if (only := _only(notice)) else f"{notice.number:,} more"
    return _state(notice.members), f"{more}, {notice.ended:,} up again" if notice.ended else more, cause


def _cause(notice: GroupNotice) -> str:
    """The cause of the first incident, and how many others there are."""
    others = sum(cause != notice.cause for cause, _ in notice.causes)
    more = " or more" if len(notice.causes) >= _MOST_CAUSES else ""
    return f"{notice.cause} and {others}{more} {'others' if others > 1 else 'other'}" if others else notice.cause


def _only(notice: GroupNotice) -> str:
    """The name of the monitor, of a single one."""
    concerned = [one.monitor.name for one in notice.members if (one.change == "resolved") == notice.over]
    return concerned[0] if notice.number == 1 and concerned else ""


def _some(notice: GroupNotice) -> str:
    return f"{notice.ended:,} of {notice.ended + notice.still_open:,}"


def _state(members: Sequence[GroupMember]) -> str:
    changes = {member.change for member in members if member.change != "resolved"}
    if changes == {"flapping"}:
        return "Unstable"
    if changes == {"eased"}:
        return "Only partly down now"
    worse = [member for member in members if member.change != "resolved"]
    partial = bool(worse) and all(member.severity == "partial" for member in worse)
    return "Partly down" if partial else "Down"


def _storm_title(notice: GroupNotice) -> tuple[str, str, str]:
    """For example "Storm" and "214 monitors down, 12 causes"."""
    if notice.over:
        return "Storm over", f"all {notice.number:,} up again", ""
    if notice.recovers:
        return "Storm", f"{_some(notice)} up again", ""
    causes = f"{len(notice.causes):,} or more causes" if len(notice.causes) >= _MOST_CAUSES else ""
    causes = causes or (counted(len(notice.causes), "cause") if notice.causes else "")
    if notice.still_open > notice.number:
        down = f"{notice.number:,} more down, {notice.still_open:,} in all"
    else:
        down = f"{counted(notice.number, 'monitor')} down"
    if notice.ended:
        down += f", {notice.ended:,} up again"
    return "Storm", f"{down}, {causes}" if causes else down, ""


def _paragraphs(notice: GroupNotice) -> list[str]:
    if notice.over:
        return ["All incidents of this group are over."]
    if notice.recovers:
        still = counted(notice.still_open, "incident is", "incidents are")
        return [f"Some incidents of this group are over; {still} still open."]
    if notice.kind == "storm":
        return [
            "Many monitors fail at once, for different causes. You get few messages about them until it calms down.",
            "Look first at what they share: a network, name servers, power, or the locations of the checks.",
        ]
    if _cause(notice) != notice.cause:
        return [
            (
                "These incidents seem to have the same cause as one that you know of: their servers share an address "
                "or a name, or they began to fail in the same way at the same locations. Look first at what they share."
            )
        ]
    return [
        f"These incidents have the same cause as one that you know of. Look first at what they share: {notice.cause}.",
    ]


def _facts(notice: GroupNotice) -> list[tuple[str, str]]:
    facts = [("Cause", _cause(notice))] if notice.cause and notice.kind != "storm" else []
    facts.append(("Began", local_time_text(notice.opened_at, notice.time_zone)))
    if notice.over:
        facts.append(("Ended", local_time_text(notice.at, notice.time_zone)))
        facts.append(("Lasted", duration_text(notice.at - notice.opened_at)))
    else:
        facts.append(("Open now", f"{notice.still_open:,}"))
    return facts


def _member(member: GroupMember, notice: GroupNotice, public_url: PublicUrl) -> Member:
    over = member.change == "resolved"
    began = clock_text(member.outage_started_at, notice.time_zone, notice.at)
    if over and member.resolved_at:
        lasted = f"after {duration_text(member.resolved_at - member.outage_started_at)}"
    else:
        lasted = f"since {began}"
    state = _CHANGES.get(member.change, {}).get(member.severity, "changed")
    return Member(
        name=member.monitor.name,
        link=public_url.link(f"/incidents/{member.incident_public_id}"),
        server=server(member.monitor),
        customer=member.customer,
        state=f"{state} {lasted}",
        detail="" if over else _detail(member, notice),
        over=over,
    )


def _detail(member: GroupMember, notice: GroupNotice) -> str:
    """Its cause where it is not the group's, and what the locations saw."""
    own = member.cause if member.cause != notice.cause else ""
    return "; ".join(text for text in (own, member.reason) if text)
