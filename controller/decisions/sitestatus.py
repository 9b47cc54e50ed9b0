"""The status that a site status report shows for a monitor (docs/compatibility.md, A9). Pure.

Codes 0 to 2 are the vendor's, 3 to 8 ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.schedule.hindrances import NOT_CHECKED
from controller.model import LatestCheck, Location
from shared.wire.failures import FailureKind
from shared.wire.messages import ResultStatus


class SiteStatus(IntEnum):
    OK = 0
    CONNECTION_FAILED = 1
    TIMED_OUT = 2
    NAME_NOT_RESOLVED = 3
    TLS_FAILED = 4
    PROTOCOL_ERROR = 5
    LOGIN_FAILED = 6
    PROBE_REFUSED = 7
    BLIND = 8  # our own fault, or nothing known yet


TEXTS = {
    SiteStatus.OK: "OK",
    SiteStatus.CONNECTION_FAILED: "TCP connection failed",
    SiteStatus.TIMED_OUT: "Test timed out",
    SiteStatus.NAME_NOT_RESOLVED: "Host name could not be resolved",
    SiteStatus.TLS_FAILED: "TLS or certificate failed",
    SiteStatus.PROTOCOL_ERROR: "Mail server answered with an error",
    SiteStatus.LOGIN_FAILED: "Login failed",
    SiteStatus.PROBE_REFUSED: "Mail server refuses our probe",
    SiteStatus.BLIND: "Could not be tested",
}
NOT_TESTED = "Not tested yet"

_CODES = {
    SiteStatus.CONNECTION_FAILED: "refused unreachable reset closed",
    SiteStatus.TIMED_OUT: "timeout",
    SiteStatus.NAME_NOT_RESOLVED: "dns_not_found dns_error",
    SiteStatus.TLS_FAILED: (
        "tls_handshake certificate_expired certificate_not_yet_valid certificate_wrong_host certificate_untrusted"
        " starttls_missing starttls_refused starttls_injection"
    ),
    SiteStatus.PROTOCOL_ERROR: (
        "greeting_invalid protocol_error reply_too_long temporary_refusal mailbox_missing recipient_refused unknown"
    ),
    SiteStatus.LOGIN_FAILED: "login_refused login_mechanism_missing login_unavailable",
    SiteStatus.PROBE_REFUSED: "policy_refusal",
    SiteStatus.BLIND: "address_forbidden agent_error",
}
_CODE_OF = {FailureKind(kind): code for code, kinds in _CODES.items() for kind in kinds.split()}


class Report(NamedTuple):
    """`at` is when the status was found; None when the monitor was never checked."""

    status: SiteStatus
    text: str
    at: datetime | None


class PlacedCheck(NamedTuple):
    location: Location
    check: LatestCheck


def status_of(check: LatestCheck) -> SiteStatus:
    if check.status is ResultStatus.SUCCESS:
        return SiteStatus.OK
    if check.status is ResultStatus.UNKNOWN or check.failure_kind is None:
        return SiteStatus.BLIND
    return status_of_failure(FailureKind(check.failure_kind))


def status_of_failure(kind: FailureKind) -> SiteStatus:
    return _CODE_OF.get(kind, SiteStatus.PROTOCOL_ERROR)


def current_checks(latest: Sequence[LatestCheck], locations: Sequence[Location]) -> list[PlacedCheck]:
    """The latest checks of a monitor with their locations, without those of locations that do not check it any more:
    `locations` are those that do.
    """
    own = {here.id: here for here in locations}
    return [PlacedCheck(own[check.location_id], check) for check in latest if check.location_id in own]


def report_of(latest: Sequence[LatestCheck], verdict: VerdictKind | None = None, reason: str = "") -> Report:
    """From the latest check of each location: failed when the verdict is down or partial, with the code of the latest
    failed one. A monitor that was never evaluated is failed when more than half of the locations that are not blind
    failed. `reason` is the verdict's; it is shown when no location can check the monitor.
    """
    if verdict is VerdictKind.UNKNOWN and reason.startswith(NOT_CHECKED):
        text = f"{TEXTS[SiteStatus.BLIND]}: {reason.removeprefix(NOT_CHECKED)}"
        return Report(SiteStatus.BLIND, text, _found_at(max(latest, key=_due)) if latest else None)
    if not latest:
        return Report(SiteStatus.BLIND, NOT_TESTED, None)
    voting = [check for check in latest if status_of(check) is not SiteStatus.BLIND]
    failed = [check for check in voting if status_of(check) is not SiteStatus.OK]
    passed = [check for check in voting if check not in failed]
    if verdict is VerdictKind.UNKNOWN:
        return Report(SiteStatus.BLIND, TEXTS[SiteStatus.BLIND], _found_at(max(latest, key=_due)))
    if verdict in (VerdictKind.UP, VerdictKind.DEGRADED):
        return Report(SiteStatus.OK, TEXTS[SiteStatus.OK], _found_at(max(passed or latest, key=_due)))
    down = 2 * len(failed) > len(voting) if verdict is None else bool(failed)
    counted = failed if down else passed or latest
    last = max(counted, key=_due)
    status = status_of(last)
    return Report(status, TEXTS[status], _found_at(last))


def _due(check: LatestCheck) -> datetime:
    return check.due_at


def _found_at(check: LatestCheck) -> datetime:
    return check.checked_at or check.due_at
