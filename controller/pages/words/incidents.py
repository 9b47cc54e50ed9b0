"""Words for votes, failures, changes of incidents and notifications. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from controller.decisions.evaluation.quorum import Ballot
from controller.decisions.notification.silence import Silence
from controller.kinds import words_of
from shared.wire.events import LocationEvidence
from shared.wire.failures import Failure, FailureSource

_BALLOTS = {
    Ballot.PASSED: ("up", "passes"),
    Ballot.WARNED: ("degraded", "passes with a warning"),
    Ballot.FAILED: ("down", "fails"),
    Ballot.BLIND: ("unknown", "could not check"),
    Ballot.AWAITED: ("unknown", "no result yet"),
}
_CHANGES = {
    "opened": {"down": "Outage confirmed", "partial": "Regional outage confirmed"},
    "escalated": {"down": "The regional outage became a full one"},
    "eased": {"partial": "Some locations pass again"},
    "flapping": {
        "down": "It comes and goes; the incident is held open and no more messages are sent",
        "partial": "It comes and goes; the incident is held open and no more messages are sent",
    },
    "resolved": {"down": "Resolved", "partial": "Resolved"},
    "acknowledged": {"down": "Acknowledged", "partial": "Acknowledged"},
    "lapsed": {
        "down": "The acknowledgement ended: nobody has it now",
        "partial": "The acknowledgement ended: nobody has it now",
    },
    "commented": {"down": "Comment", "partial": "Comment"},
}
_SILENCE = {
    Silence.OFF: "The notifications of this monitor are switched off: nobody was notified.",
    Silence.MAINTENANCE: "The monitor was in maintenance: nobody was notified.",
    Silence.NO_CHANNEL: "No channel is set up for this monitor: nobody was notified.",
    Silence.REGIONAL: (
        "A regional outage is reported only on the monitor's own channels and addresses, and it has none: nobody was"
        " notified."
    ),
    Silence.NOT_MEANT: (
        "No channel is meant for this monitor: each is limited to other packages, has no valid address, or is switched"
        " off in the organization's defaults. Nobody was notified."
    ),
    Silence.HELD: "A monitor that it depends on was down: nobody was notified.",
    Silence.LATER: (
        "The channels of today were not set up, or not active, when the outage was confirmed: nobody was notified."
    ),
}
_DELIVERIES = {
    "waiting": ("degraded", "waiting"),
    "held": ("unknown", "held by quiet hours"),
    "digested": ("up", "in the digest after quiet hours"),
    "sent": ("up", "sent"),
    "failed": ("down", "failed for good"),
    "skipped": ("unknown", "not sent"),
}


def ballot_state(ballot: str) -> str:
    """The state whose mark stands for a vote."""
    return _BALLOTS[Ballot(ballot)][0] if ballot in list(Ballot) else "unknown"


def ballot_words(ballot: str) -> str:
    return _BALLOTS[Ballot(ballot)][1] if ballot in list(Ballot) else ballot


def vote_detail(vote: LocationEvidence, kind: str) -> str:
    """What a location met that checked this kind: its failure, its warning, or whose fault it is that it is blind."""
    failure = vote.failure
    if failure is None:
        return vote.warning
    words = failure_words(failure, kind)
    if failure.source is FailureSource.RESOLVER:
        words += " (its own name servers)"
    elif failure.source is not FailureSource.TARGET:
        words += " (its own fault)"
    return f"{words}: {failure.detail}" if failure.detail else words


def failure_words(failure: Failure, kind: str) -> str:
    """For example "cannot connect: refused"."""
    return words_of(kind).verdict.failed(failure) if failure.phase else failure.kind.value.replace("_", " ")


def change_words(kind: str, severity: str) -> str:
    """What a change of an incident is called."""
    return _CHANGES.get(kind, {}).get(severity, kind)


def silence_words(silence: Silence, windows: Sequence[str] = ()) -> str:
    """Why nobody was notified; `windows` are the names of the maintenance windows that held."""
    if silence is Silence.MAINTENANCE and windows:
        names = ", ".join(f'"{name}"' for name in windows)
        return f"The monitor was in maintenance ({names}): nobody was notified."
    return _SILENCE[silence]


def delivery_state(state: str) -> tuple[str, str]:
    """The state whose mark stands for a delivery's, and its words."""
    return _DELIVERIES.get(state, ("unknown", state))
