"""How the page of a check says in words what happened, and whose fault it is. Pure."""

from __future__ import annotations

from controller.kinds import subject_of, words_of
from controller.model import CheckRecord, GapReason
from shared.wire.explanations import WARNINGS
from shared.wire.failures import FailureSource, Phase
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

PURPOSES = {
    Purpose.SCHEDULED: "one of the regular rounds",
    Purpose.RECHECK: "a recheck, to see whether a failure stays",
    Purpose.TRIGGERED: "triggered by hand; it has no vote",
}

FAULTS = {
    FailureSource.TARGET: "The fault is the {subject}'s or its network's, so it counts against the monitor.",
    FailureSource.RESOLVER: "The fault is ours: the name servers of the location. It does not count against the"
    " {subject}; the location was blind.",
    FailureSource.AGENT: "The fault is ours: the agent, its configuration or its network. It does not count against the"
    " {subject}; the location was blind.",
    FailureSource.UNKNOWN: "Nobody knows whose fault it is, so it does not count; the location was blind.",
}

MISSING = {
    GapReason.NO_AGENT: "no result: no agent of the location was ready",
    GapReason.UNFIT: "no result: the agents of the location cannot do such a check",
    GapReason.KIND_UNKNOWN: "no result: the agents of the location do not know this kind of check; update them",
    GapReason.LATE: "no result: Mailprobe was down or behind until it was too late to begin",
    GapReason.BROKER_REFUSED: "no result: NATS was away or could not store the request until it was too late to begin",
    GapReason.MAINTENANCE: "no check: a maintenance window suspended the checks of the monitor",
    GapReason.NO_RESULT: "no result: it was handed over, but no agent began it in time or its result never came",
}

LATE_SHARE = 0.1
LATE_MS = 50.0


def spaced(name: str) -> str:
    """`login_refused` as `login refused`."""
    return name.replace("_", " ")


def state_of(check: CheckRecord) -> str:
    """The state that this check alone speaks for."""
    if check.status is ResultStatus.FAILURE:
        return "down"
    if check.status is ResultStatus.UNKNOWN:
        return "unknown"
    return "degraded" if check.warnings else "up"


def outcome_of(check: CheckRecord, kind: str) -> str:
    """How the check ended, in a few words: `login refused in auth`, `passed with a warning`."""
    if check.failure is not None:
        phase = f" in {words_of(kind).phase_name(check.failure.phase)}" if check.failure.phase else ""
        return f"{spaced(check.failure.kind.value)}{phase}"
    if check.warnings:
        return "passed with a warning" if len(check.warnings) == 1 else f"passed with {len(check.warnings)} warnings"
    return "passed"


def missing_words(reason: str | None) -> str:
    """Why a check has no result; None while it may still come."""
    if reason is None:
        return "no result yet: the check runs, or its result is on the way"
    try:
        return MISSING[GapReason(reason)]
    except ValueError:
        return "no result"


def explained(check: CheckRecord, kind: str) -> tuple[str, str, str, str]:
    """What a failure means for this kind of monitor, in which step it happened, whose fault it is and what to do;
    nothing for a check that passed.
    """
    failure = check.failure
    if failure is None:
        return "", "", "", ""
    words = words_of(kind)
    about = words.explained(failure)
    step = (
        ""
        if failure.phase in (None, Phase.UNKNOWN)
        else f"It failed in the phase “{words.phase_name(failure.phase)}”: {_small(words.about_phase(failure.phase))}"
    )
    return about.meaning, step, FAULTS[failure.source].format(subject=subject_of(kind)), about.remedy


def warned(check: CheckRecord) -> list[tuple[str, str, str]]:
    """Each warning: what it means, what to do, and its detail."""
    found = []
    for warning in check.warnings:
        meaning, remedy = WARNINGS[warning.kind]
        found.append((meaning.replace("`", ""), remedy, warning.detail))
    return found


def runs_late(check: CheckRecord) -> bool:
    """Whether the agent itself ran so late that the timings are doubtful."""
    lag = check.loop_lag_ms or 0.0
    return lag >= LATE_MS or (lag >= 5 and lag >= LATE_SHARE * check.duration_ms)


def why_silent(check: CheckRecord) -> str:
    """Why a check has no dialogue; empty when it has one."""
    if check.transcript:
        return ""
    if check.failure is None:
        return (
            "This check passed, so its dialogue was not kept. Passing checks keep theirs once a day at each location,"
            " when they warn of something new, after a change of the target, on rechecks, when triggered by hand, and"
            " while an incident is open."
        )
    if check.failure.phase in (None, Phase.RESOLVE):
        return "No connection was made, so nothing was said."
    return "The agent sent no dialogue with this result."


def _small(sentence: str) -> str:
    """A sentence as the end of another; an abbreviation at its beginning keeps its capitals."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]
