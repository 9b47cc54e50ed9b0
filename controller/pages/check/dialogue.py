"""A dialogue as a conversation: its lines under the phases in which they were said, and the line that decided. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from controller.model import CheckRecord
from shared.wire.failures import Failure, FailureKind
from shared.wire.messages import PhaseTiming, Speaker, TranscriptLine

SILENCE_MS = 1_000.0
"""A pause between two lines that is at least this long is shown."""

_UNANSWERED = frozenset({FailureKind.TIMEOUT, FailureKind.RESET, FailureKind.CLOSED})
"""The server did not answer: what it did not answer decided."""

_TAG = re.compile(r"\A(?:\*|[A-Z][0-9]+) ")
_CODE = re.compile(r"\A[0-9]{3}[- ]")
_ENCRYPTED = "encrypted: "


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """`lane` is client, server, note or lock, the last for an encrypted connection, whose certificate `about`
    describes. `silence_ms` is how long nobody had spoken before; 0 for less than SILENCE_MS.
    """

    at_ms: float
    lane: str
    text: str
    about: str
    decided: bool
    silence_ms: float


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a phase. `phase` is empty after the last one. `failed` says that the check ended in this phase."""

    phase: str
    start_ms: float
    duration_ms: float | None
    failed: bool
    lines: list[Line]


def bands(check: CheckRecord) -> list[Band]:
    """Every phase with its lines, also those in which nothing was said; then what was said after the last phase."""
    # A login that was withheld is refused by an earlier check, so no line of this one decided.
    decided = None if check.login_withheld else deciding(check.transcript, check.phases, check.failure)
    phases = sorted(check.phases, key=lambda timing: timing.start_ms)
    failed = _failed(phases, check.failure)
    sorted_in: list[list[Line]] = [[] for _ in range(len(phases) + 1)]
    before = 0.0
    for number, line in enumerate(check.transcript):
        silence = line.at_ms - before
        before = line.at_ms
        encrypted = line.speaker is Speaker.NOTE and line.text.startswith(_ENCRYPTED)
        sorted_in[_place(phases, line.at_ms)].append(
            Line(
                at_ms=line.at_ms,
                lane="lock" if encrypted else line.speaker.value,
                text=line.text.removeprefix(_ENCRYPTED) if encrypted else line.text,
                about=_certificate(check.facts) if encrypted else "",
                decided=number == decided,
                silence_ms=silence if silence >= SILENCE_MS else 0.0,
            )
        )
    found = [
        Band(
            phase=timing.phase.value,
            start_ms=timing.start_ms,
            duration_ms=timing.duration_ms,
            failed=timing is failed,
            lines=lines,
        )
        for timing, lines in zip(phases, sorted_in, strict=False)
    ]
    if sorted_in[-1]:
        rest = sorted_in[-1]
        found.append(Band(phase="", start_ms=rest[0].at_ms, duration_ms=None, failed=False, lines=rest))
    return found


def _certificate(facts: Mapping[str, Any]) -> str:
    """Whose certificate it is, who issued it, until when it is valid and whether the chain and the name are right."""
    if not facts.get("certificateSubject"):
        return ""
    until, days = str(facts.get("certificateNotAfter", "")), facts.get("certificateDaysLeft")
    parts = [
        f"certificate {facts['certificateSubject']}",
        f"issued by {facts.get('certificateIssuer', 'nobody')}",
        f"ends {until[:10]}" + ("" if days is None else f", {days} days left"),
    ]
    for key, name in (("certificateChainValid", "chain"), ("certificateNameValid", "name")):
        if key in facts:
            parts.append(f"{name} {'valid' if facts[key] else 'NOT valid'}")
    return "; ".join(parts)


def _place(phases: Sequence[PhaseTiming], at_ms: float) -> int:
    """The number of the phase in which something was said; their number for after the last one."""
    if not phases or at_ms > phases[-1].start_ms + phases[-1].duration_ms:
        return len(phases)
    return max((number for number, timing in enumerate(phases) if timing.start_ms <= at_ms), default=0)


def deciding(
    transcript: Sequence[TranscriptLine], phases: Sequence[PhaseTiming], failure: Failure | None
) -> int | None:
    """The number of the line that made the check fail: the one that the failure quotes, else the one that was not
    answered, else the last one from the server. None when no line says it.
    """
    if failure is None:
        return None
    failed = _failed(phases, failure)
    until = None if failed is None else failed.start_ms + failed.duration_ms
    known = [number for number, line in enumerate(transcript) if until is None or line.at_ms <= until]
    answers = [number for number in known if transcript[number].speaker is not Speaker.CLIENT]
    for number in reversed(answers):
        if _quotes(failure.detail, transcript[number].text):
            return number
    if failed is None or failure.kind is FailureKind.AGENT_ERROR:
        return None
    here = [number for number in known if transcript[number].at_ms >= failed.start_ms]
    if failure.kind in _UNANSWERED:
        return here[-1] if here else None
    answered_here = [number for number in here if number in answers]
    if answered_here:
        return answered_here[-1]
    return next((number for number in reversed(answers) if _says_something(transcript[number])), None)


def _says_something(line: TranscriptLine) -> bool:
    """Not a note of ours, nor the dot that ends a reply of POP3."""
    return line.speaker is Speaker.SERVER and line.text != "."


def _failed(phases: Sequence[PhaseTiming], failure: Failure | None) -> PhaseTiming | None:
    if failure is None or failure.phase is None:
        return None
    return next((timing for timing in reversed(phases) if timing.phase is failure.phase), None)


def _quotes(detail: str, line: str) -> bool:
    """Whether a failure's text is this line, or holds it without what only the protocol needs."""
    text = _TAG.sub("", line).strip()
    return len(text) > 3 and (text in detail or _CODE.sub("", text) == detail or line in detail)
