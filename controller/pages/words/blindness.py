"""Why a location does not check, or not everything, and what to do about it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from shared.wire.explanations import FAILURES
from shared.wire.failures import FailureKind, FailureSource
from shared.wire.messages import Unfitness


class Advice(NamedTuple):
    """What it means, and what somebody who runs the location can do."""

    meaning: str
    remedy: str


_BLIND = {
    "no_agent": Advice(
        "No agent of the location was connected.",
        "Start the agent, or look at its log: it needs its enrolment file and a way to NATS.",
    ),
    "unfit": Advice(
        "Every connected agent of the location had said that it cannot do such a check.",
        "“What it cannot do” on the location's page says what helps.",
    ),
    "kind_unknown": Advice(
        "Its connected agents do not know the kind of some checks.",
        "Update the agents: they are of an older version than the controllers.",
    ),
    "late": Advice(
        "The controllers were away, or behind, until it was too late to begin.",
        "Nothing at the location. Look at the controllers' log of that time.",
    ),
    "maintenance": Advice(
        "A maintenance window said that nothing is checked.",
        "Nothing. Checks begin again when the window is over; /maintenance says when that is.",
    ),
    "broker_refused": Advice(
        "NATS was away, or could not store the requests.",
        "Nothing at the location. `/readyz` of the controllers says what is wrong with NATS.",
    ),
    "no_result": Advice(
        "The check was given out, but no agent began it in time, or its result never came.",
        "Look at the agent's log and load, and at its connection to NATS.",
    ),
    "agent": Advice(
        "The agent, its machine or its network was at fault.",
        "Read the checks of that time, and the agent's log.",
    ),
    "resolver": Advice(
        "The name servers that the agent uses gave no answer.",
        "Check the agent's resolver: `mailprobe-agent doctor` tries it.",
    ),
}
_OF_RESULTS = {
    (FailureKind.ADDRESS_FORBIDDEN, FailureSource.AGENT): Advice(
        "The server's address is not public, and the agent may not connect to it.",
        "If it is a server of yours, start the location's agents with its network in `MAILPROBE_ALLOW_NETWORKS`, as in"
        " `10.0.0.0/8`. If not, see which address the server's name has.",
    ),
    (FailureKind.UNREACHABLE, FailureSource.AGENT): Advice(
        "The agent's machine has no route to the server: it is offline, or has no IPv4 or no IPv6.",
        "Check the address, the route and the firewall of the machine: `mailprobe-agent doctor` tries them.",
    ),
    (FailureKind.AGENT_ERROR, FailureSource.AGENT): Advice(
        "The agent met a fault of its own or of its configuration.",
        "Read the detail of such a check and the agent's log; `mailprobe-agent doctor` finds faults of the machine.",
    ),
}
_NOT_FIT = {
    Unfitness.PORT25_BLOCKED: Advice(
        "Its network lets no connection out to port 25. It checks no server on port 25; other ports work.",
        "Ask the provider to open outgoing port 25, or run the agent elsewhere. In a network without Internet set"
        " MAILPROBE_PORT25_HOSTS=none.",
    ),
    Unfitness.NO_IPV4: Advice(
        "It has no IPv4. It checks no monitor that is limited to IPv4, and no server without an IPv6 address.",
        "Give the machine an IPv4 address and a route.",
    ),
    Unfitness.NO_IPV6: Advice(
        "It has no IPv6. It checks no monitor that is limited to IPv6; all others are checked over IPv4.",
        "Give the machine an IPv6 address and a route, if you have such monitors.",
    ),
    Unfitness.RESOLVER_BROKEN: Advice(
        "Its name servers do not answer for the control name. A check whose host they do not know shows nothing.",
        "Check the agent's resolver; in a network without Internet set MAILPROBE_CONTROL_NAME to a name that resolves"
        " there.",
    ),
    Unfitness.UNKNOWN: Advice("It says something that this version does not know.", "Update the controllers."),
}
_REJECTED = {
    "not_expected": "a result of a check that was never given out, or was given to another",
    "another_location": "a result in the name of another location",
    "wrong_check_id": "a result whose number does not belong to its check",
    "wrong_moment": "a result with an impossible time; look at the agent's clock",
    "unknown_origin": "a result of a monitor that was deleted long ago",
    "too_large": "a result that is too large",
    "not_a_result": "a message that is no result; the agent may be of another version",
    "unstorable": "a result that the database refused; look at the controllers' log",
    "unsigned": "a result without a signature, though the location signs: an agent of an older version, or a forgery",
    "ended_key": "a result signed with a key of the location that has ended: give its agents the newest enrolment file",
    "unknown_key": "a result signed with a key that is not the location's: after a restored backup rotate the location,"
    " else it is a forgery",
    "wrong_signature": "a result that was changed on its way, or forged: find out who can write to NATS",
}
SUSPICIOUS = frozenset({"not_expected", "another_location", "wrong_check_id"})
"""Reasons that no sound agent causes: somebody else may have the location's enrolment file."""


def blind_advice(reason: str) -> Advice:
    """Why checks of a location show nothing: a gap's reason, or the part at fault (agent, resolver)."""
    return _BLIND.get(reason) or Advice(reason.replace("_", " ") + ".", "Look at the agent's log.")


def blind_result_advice(kind: FailureKind, source: FailureSource) -> Advice:
    """Why a check that reported a result showed nothing: how it failed, and whose fault that was."""
    if source is FailureSource.RESOLVER:
        return blind_advice(source.value)
    if advice := _OF_RESULTS.get((kind, source)):
        return advice
    meaning, remedy = FAILURES[kind]
    return Advice(meaning, remedy if source is FailureSource.AGENT else "Update the controllers and the agents.")


def unfit_advice(unfit: Unfitness) -> Advice:
    """What an agent cannot do."""
    return _NOT_FIT[unfit]


def rejected_words(reason: str) -> str:
    """What sort of message was put aside instead of being stored."""
    return _REJECTED.get(reason) or reason.replace("_", " ")


def refusal_advice(kind: str) -> Advice:
    """A server refuses one location while it serves others."""
    if kind == "temporary_refusal":
        return Advice(
            "The server puts this location off, and serves others: greylisting, a limit of connections, or logins that"
            " it cannot check for now.",
            "Exempt the location's address from greylisting and limits on the server.",
        )
    if kind == "starttls_missing":
        return Advice(
            "This server and others offer STARTTLS to other locations at the same address, and not to this one: its own"
            " network takes STARTTLS away.",
            "Have the network changed, often a firewall that inspects SMTP, or move the location.",
        )
    return Advice(
        "The server refuses this location's address, and serves others: a blocklist or a ban.",
        "Allow the address on the server. If its answer names a blocklist (DNSBL), have the address removed there.",
    )
