"""What a message about an incident says."""

from __future__ import annotations

from collections.abc import Sequence

from controller.help.failure_help import help_for, help_path
from controller.kinds import words_of
from controller.model.values.public_url import PublicUrl
from controller.notify.notice import IncidentNotice, LocationFinding
from controller.notify.rendering.causes import cause_text, failed, failures
from controller.notify.rendering.content import Content, HelpStep, LocationVote, Timing, Timings
from controller.notify.words import counted, duration_text, local_time_text, server
from shared.wire.explanations import FAILURES

_STEPS_AT_MOST = 3
_TIMED_AT_MOST = 4

_STATES = {
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


def incident_content(
    notice: IncidentNotice, public_url: PublicUrl, remarks: Sequence[str] = (), ack_link: str | None = None
) -> Content:
    change = "closed" if notice.closed else notice.change
    pattern = _on_call_state(notice) or _STATES.get(change, {}).get(notice.severity, "Changed: {name}")
    state, _, name = pattern.partition(": ")
    taken = notice.acknowledgement
    if taken:
        state, name = taken.headline(notice.monitor.name), ""
    words = words_of(notice.monitor.kind)
    meaning = _MEANINGS.get(change, {}).get(notice.severity, "").format(subject=words.subject)
    of_kind = words.meaning(_VERDICTS.get(change, "{severity}").format(severity=notice.severity))
    quiet = f"{notice.maintenance_text.capitalize()}." if notice.maintenance else ""
    said = taken.comment if taken else ""
    return Content(
        state=state,
        name=name.replace("{name}", notice.monitor.name),
        cause="" if taken and taken.others else _cause(notice),
        paragraphs=[
            text for text in (quiet, said, _on_call_text(notice), meaning, of_kind, _held_text(notice)) if text
        ],
        facts=_facts(notice, words.subject),
        votes=[_vote(finding) for finding in notice.evidence],
        timings=_timings(notice.evidence),
        steps=_steps(notice, public_url),
        link=public_url.link(notice.path),
        action="Open the incident",
        ack_link=None if notice.over else ack_link,
        remarks=remarks,
    )


def _on_call_state(notice: IncidentNotice) -> str:
    """For example "Still down after 40 min: {name} (and 3 more)"; empty for a message that says what changed."""
    if notice.on_call is None:
        return ""
    state = "down" if notice.severity == "down" else "partly down"
    still = f"Still {state}" if notice.change == "reminder" else state.capitalize()
    after = f" after {notice.on_call.minutes} min" if notice.on_call.minutes else ""
    return f"{still}{after}: {{name}}{notice.on_call.more_text}"


def _on_call_text(notice: IncidentNotice) -> str:
    if notice.on_call is None:
        return ""
    others = notice.on_call.others
    more = notice.on_call.more - len(others)
    named = f" Also: {', '.join(others)}{f' and {more} more' if more else ''}." if others else ""
    return f"{notice.on_call.why}{named}"


def _held_text(notice: IncidentNotice) -> str:
    if not notice.dependents or notice.severity != "down" or notice.over or notice.acknowledgement:
        return ""
    held = (
        "only monitor that depends"
        if notice.dependents == 1
        else f"{counted(notice.dependents, 'monitor')} that depend"
    )
    return f"Until it is over, nobody is notified of the {held} on it."


def _cause(notice: IncidentNotice) -> str:
    if notice.over and not notice.closed and notice.resolved_at:
        return f"after {duration_text(notice.resolved_at - notice.outage_started_at)}"
    return cause_text(notice.evidence) or notice.reason


def _facts(notice: IncidentNotice, subject: str) -> list[tuple[str, str]]:
    facts = [
        ("Monitor", notice.monitor.name),
        (subject.capitalize(), server(notice.monitor)),
        ("Customer", notice.customer.name),
        ("Reason", notice.reason),
        ("Began", local_time_text(notice.outage_started_at, notice.time_zone)),
        ("Confirmed", local_time_text(notice.started_at, notice.time_zone)),
    ]
    if notice.over and notice.resolved_at:
        facts.append(("Ended", local_time_text(notice.resolved_at, notice.time_zone)))
        facts.append(("Lasted", duration_text(notice.resolved_at - notice.outage_started_at)))
    return [*facts, ("Incident", str(notice.incident_public_id))]


def _place(finding: LocationFinding) -> str:
    return f"{finding.country} ({finding.location})" if finding.location else finding.country


def _vote(finding: LocationFinding) -> LocationVote:
    state = finding.ballot or ("failed" if finding.failure else "")
    return LocationVote(_place(finding), finding.finding, state, finding.total_ms)


def _timings(evidence: Sequence[LocationFinding]) -> Timings | None:
    """Of the locations that fail, and of others to compare them with: the first failing ones, and one that does not."""
    timed = [one for one in evidence if one.phases]
    failing = {id(one) for one in failed(timed)}
    passing = [one for one in timed if id(one) not in failing]
    first = [one for one in timed if id(one) in failing][: _TIMED_AT_MOST - bool(passing)]
    shown = [*first, *passing[: _TIMED_AT_MOST - len(first)]]
    if not shown:
        return None
    columns = [_by_phase(one) for one in shown]
    phases = list(dict.fromkeys(phase for column in columns for phase in column))
    longest = max(columns, key=len)
    phases.sort(key=lambda phase: list(longest).index(phase) if phase in longest else len(longest))
    return Timings(
        [one.location or one.country for one in shown],
        [(phase, [column.get(phase) for column in columns]) for phase in phases],
        len(timed) - len(shown),
    )


def _by_phase(finding: LocationFinding) -> dict[str, Timing]:
    """A phase that occurs again has a name of its own: EHLO is said before and after STARTTLS."""
    column: dict[str, Timing] = {}
    for one in finding.phases:
        name = one.phase if one.phase not in column else f"{one.phase}, again"
        column[name] = Timing(one.duration_ms, one.failed)
    return column


def _steps(notice: IncidentNotice, public_url: PublicUrl) -> list[HelpStep]:
    """What to do about the failures that the locations met, most frequent first."""
    own = words_of(notice.monitor.kind).failures
    return [
        HelpStep(
            help_for(kind).title,
            (own.get(kind) or FAILURES[kind]).remedy.replace("`", ""),
            public_url.link(help_path(kind)),
        )
        for kind in failures(notice.evidence)[:_STEPS_AT_MOST]
    ]
