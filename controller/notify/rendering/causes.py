"""What an outage comes from, in a few words for the subject of a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from controller.decisions.evaluation.quorum import Ballot
from controller.notify.notice import LocationFinding
from shared.wire.failures import FailureKind

CAUSES = {
    FailureKind.DNS_NOT_FOUND: "host name not found",
    FailureKind.DNS_ERROR: "name servers do not answer",
    FailureKind.ADDRESS_FORBIDDEN: "address not public",
    FailureKind.REFUSED: "connection refused",
    FailureKind.UNREACHABLE: "host unreachable",
    FailureKind.TIMEOUT: "timeout",
    FailureKind.RESET: "connection reset",
    FailureKind.CLOSED: "connection closed",
    FailureKind.TLS_HANDSHAKE: "TLS handshake failed",
    FailureKind.CERTIFICATE_EXPIRED: "certificate expired",
    FailureKind.CERTIFICATE_NOT_YET_VALID: "certificate not yet valid",
    FailureKind.CERTIFICATE_WRONG_HOST: "certificate for another host",
    FailureKind.CERTIFICATE_UNTRUSTED: "certificate not trusted",
    FailureKind.STARTTLS_MISSING: "STARTTLS missing",
    FailureKind.STARTTLS_REFUSED: "STARTTLS refused",
    FailureKind.STARTTLS_INJECTION: "data injected at STARTTLS",
    FailureKind.GREETING_INVALID: "invalid greeting",
    FailureKind.PROTOCOL_ERROR: "protocol error",
    FailureKind.REPLY_TOO_LONG: "reply too long",
    FailureKind.TEMPORARY_REFUSAL: "temporarily refused",
    FailureKind.POLICY_REFUSAL: "refused by policy",
    FailureKind.LOGIN_REFUSED: "login refused",
    FailureKind.LOGIN_MECHANISM_MISSING: "no usable login mechanism",
    FailureKind.LOGIN_UNAVAILABLE: "login unavailable",
    FailureKind.MAILBOX_MISSING: "mailbox missing",
    FailureKind.RECIPIENT_REFUSED: "recipient refused",
    FailureKind.AGENT_ERROR: "fault of an agent",
    FailureKind.UNKNOWN: "unknown failure",
}
_VOTING = {Ballot.PASSED.value, Ballot.WARNED.value, Ballot.FAILED.value, ""}


def failed(evidence: Sequence[LocationFinding]) -> list[LocationFinding]:
    """The locations that vote that it fails; in notices of earlier versions, which have no votes, those
    that met a failure.
    """
    return [one for one in evidence if one.failure and one.ballot in ("", Ballot.FAILED.value)]


def failures(evidence: Sequence[LocationFinding]) -> list[FailureKind]:
    """The kinds of failure that the failing locations met, the most frequent first."""
    met = Counter(FailureKind(one.failure) for one in failed(evidence))
    return [kind for kind, _ in met.most_common()]


def cause_text(evidence: Sequence[LocationFinding]) -> str:
    """For example "connection refused from 2 of 3 locations", counting those that voted; empty when none fails."""
    failing = failed(evidence)
    if not failing:
        return ""
    kinds = failures(evidence)
    cause = " or ".join(CAUSES[kind] for kind in kinds[:2]) if len(kinds) < 3 else f"{CAUSES[kinds[0]]} and others"
    voting = [one for one in evidence if one.ballot in _VOTING]
    if len(voting) == 1:
        return f"{cause} from {failing[0].location or failing[0].country}"
    return f"{cause} from {len(failing)} of {len(voting)} locations"
