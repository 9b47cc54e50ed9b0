"""Renders an event as one line for people, with aligned columns whatever they contain. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nlargest
from operator import itemgetter

import msgspec
from wcwidth import clip, ljust, wcswidth

from controller.decisions.evaluation.state import ChangeKind, Severity, VerdictKind
from controller.notify.words import duration_text
from controller.watch.event_filter import AnyEvent, SideEvent
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.fact_events import FactEvent
from shared.wire.failures import Failure, FailureSource
from shared.wire.messages import CheckResult, Event, ResultStatus
from shared.wire.rounds import Purpose
from shared.wire.side_events import DeliveryEvent, GapEvent, MaintenanceEvent

_LONGEST_PHASES = 3
_FAULTS = {FailureSource.RESOLVER: "fault of the name servers there", FailureSource.AGENT: "our own fault"}
_KIND_WIDTH = 4
_STATUS_WIDTH = 8
_MS_WIDTH = 8
_RED, _GREEN, _YELLOW, _FAINT, _BOLD = "31", "32", "33", "2", "1"
_VERDICT_COLOURS: dict[str, str] = {VerdictKind.UP: _GREEN, VerdictKind.DOWN: _RED, VerdictKind.UNKNOWN: _FAINT}
_GAP = "  "


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The widths of the columns that hold names, in cells of the terminal, and whether to use colour."""

    name: int
    location: int
    colour: bool = False

    def paint(self, text: str, *codes: str) -> str:
        return f"\033[{';'.join(codes)}m{text}\033[0m" if self.colour and text else text


def line(event: AnyEvent, name: str, columns: Columns) -> str:
    """Times are UTC. Control characters in texts of mail servers and users are replaced, to protect the terminal."""
    match event:
        case Event():
            return _result(event, name, columns)
        case VerdictEvent():
            return _verdict(event, name, columns)
        case IncidentEvent():
            return _incident(event, name, columns)
        case _:
            return _side_event(event, name, columns)


def cells(text: str) -> int:
    """The width of a text as `line` shows it, in cells."""
    return wcswidth(_printable(text))


def _result(event: Event, name: str, columns: Columns) -> str:
    result = event.result
    colour = {ResultStatus.SUCCESS: _GREEN, ResultStatus.FAILURE: _RED, ResultStatus.UNKNOWN: _FAINT}[event.status]
    if event.status is ResultStatus.SUCCESS and result.warnings:
        colour = _YELLOW
    details = "; ".join(_details(result, columns))
    purpose = "" if result.purpose is Purpose.SCHEDULED else columns.paint(f"({result.purpose.value})", _FAINT)
    return _row(
        columns,
        event,
        name,
        location=result.location,
        status=columns.paint(_fit(event.status.value, _STATUS_WIDTH), colour),
        total=f"{result.duration_ms:.0f} ms",
        details=f"{details} {purpose}".strip(),
    )


def _verdict(event: VerdictEvent, name: str, columns: Columns) -> str:
    colour = _VERDICT_COLOURS.get(event.verdict, _YELLOW)
    details = _colon(f"verdict, was {event.previous}", event.reason)
    return _bold_row(columns, event, name, event.verdict, details, colour)


def _incident(event: IncidentEvent, name: str, columns: Columns) -> str:
    over = event.change == ChangeKind.RESOLVED
    span = ""
    if over and event.resolved_at:
        span = f" after {duration_text(event.resolved_at - event.outage_started_at)}"
    elif event.change == ChangeKind.OPENED:
        span = f", failing since {_clock(event.outage_started_at)}"
    colour = _GREEN if over else _RED if event.severity == Severity.DOWN else _YELLOW
    details = _colon(f"incident {event.change}{span}", event.reason)
    return _bold_row(columns, event, name, event.severity, details, colour)


def _side_event(event: SideEvent, name: str, columns: Columns) -> str:
    location = ""
    match event:
        case GapEvent():
            location, status, colour = event.location, "missing", _FAINT
            more = "" if event.due_to == event.due_from else f", until {_clock(event.due_to)}"
            details = f"no result of the check due {_clock(event.due_from)}{more}: {_spaced(event.reason)}"
        case MaintenanceEvent():
            status, details, colour = "pause", _maintenance(event), _FAINT
        case DeliveryEvent():
            status, colour = "notice", _FAINT if event.outcome == "sent" else _YELLOW
            details = _colon(f"{event.channel} to {_printable(event.name)} {event.outcome}", event.error or "")
        case FactEvent():
            status, colour = "facts", _FAINT if event.change == "changed" else _YELLOW
            details = event.words
        case _:
            status, colour = "changed", _FAINT
            details = _colon(f"{event.action} by a {event.by.kind}", ", ".join(event.fields))
    return _row(
        columns,
        event,
        name,
        location=location,
        status=columns.paint(_fit(status, _STATUS_WIDTH), colour),
        total="",
        details=columns.paint(_printable(details), colour),
    )


def _maintenance(event: MaintenanceEvent) -> str:
    parts = [f"maintenance {event.change}"]
    if event.change == "began" and event.effect:
        parts.append(f"until {_moment(event.until)}" if event.until else "without a planned end")
    elif event.since is not None:
        parts.append(f"since {_moment(event.since)}")
    if event.effect == "suspend":
        parts.append("no checks" if event.change == "began" else "checks go on")
    return ", ".join(parts)


def _bold_row(columns: Columns, event: AnyEvent, name: str, status: str, details: str, colour: str) -> str:
    return _row(
        columns,
        event,
        name,
        location="",
        status=columns.paint(_fit(status, _STATUS_WIDTH), _BOLD, colour),
        total="",
        details=columns.paint(_printable(details), _BOLD, colour),
    )


def _row(columns: Columns, event: AnyEvent, name: str, *, location: str, status: str, total: str, details: str) -> str:
    return _GAP.join(
        [
            _clock(event.occurred_at),
            _fit(name, columns.name),
            _fit(location, columns.location),
            _fit(event.kind, _KIND_WIDTH),
            status,
            f"{total:>{_MS_WIDTH}}",
            details,
        ]
    ).rstrip()


def _moment(at: datetime) -> str:
    """With its day, because a maintenance may last for weeks."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}Z"


def _details(result: CheckResult, columns: Columns) -> Iterator[str]:
    """The failure as text, or the longest phases; then the warnings."""
    if result.failure is not None:
        ours = result.failure.source is not FailureSource.TARGET
        yield columns.paint(_failure(result.failure, withheld=result.login_withheld), _FAINT if ours else _RED)
    elif result.phases:
        yield _longest(result)
    for warning in result.warnings:
        yield columns.paint(_colon(_spaced(warning.kind.value), warning.detail), _YELLOW)


def _failure(failure: Failure, *, withheld: bool) -> str:
    """For example "login refused in auth: 535 no (our own fault)"."""
    where = f" in {failure.phase.value}" if failure.phase else ""
    notes = [_FAULTS[failure.source]] if failure.source in _FAULTS else []
    if withheld:
        notes.append("login not tried again yet")
    return _colon(_spaced(failure.kind.value) + where, failure.detail) + (f" ({', '.join(notes)})" if notes else "")


def _longest(result: CheckResult) -> str:
    """For example "auth 120 ms, tls 40 ms"; repeated phases are summed."""
    spent = dict.fromkeys((timing.phase.value for timing in result.phases), 0.0)
    for timing in result.phases:
        spent[timing.phase.value] += timing.duration_ms
    longest = nlargest(_LONGEST_PHASES, spent.items(), key=itemgetter(1))
    return ", ".join(f"{phase} {ms:.0f} ms" for phase, ms in longest)


def _colon(kind: str, detail: str) -> str:
    return f"{kind}: {_printable(detail)}" if detail.strip() else kind


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in " ".join(text.split()))


def _fit(text: str, width: int) -> str:
    """Exactly `width` cells: padded, or cut with an ellipsis."""
    text = _printable(text)
    if wcswidth(text) > width:
        text = clip(text, 0, width - 1) + "…"
    return ljust(text, width)
