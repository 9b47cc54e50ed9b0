"""Example events of checks: the login fails in two of three countries, and an incident opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from controller.decisions.evaluation.quorum import Ballot
from controller.decisions.evaluation.state import ChangeKind, Severity, VerdictKind
from shared.epoch import to_ms
from shared.wire.events import Evidence, IncidentEvent, LocationEvidence, VerdictEvent
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, Event, EventType, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import KINDS

_ORGANIZATION = UUID("11111111-1111-4111-8111-111111111111")
_CUSTOMER = UUID("22222222-2222-4222-8222-222222222222")
_MONITOR = UUID("33333333-3333-4333-8333-333333333333")
_DUE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
_RECHECK = _DUE + timedelta(seconds=10)
_CONFIRMED = _RECHECK + timedelta(milliseconds=640)
_UNAVAILABLE = Failure(
    kind=FailureKind.LOGIN_UNAVAILABLE,
    source=FailureSource.TARGET,
    phase=Phase.AUTH,
    detail="454 4.7.0 Temporary authentication failure",
)
_REASON = "2 of 3 countries cannot log in: login unavailable; JP passes"


def _check(location: str, due_at: datetime, purpose: Purpose) -> UUID:
    return check_id(_MONITOR, to_ms(due_at), location, purpose)


def _evidence_of(location: str, country: str, failure: Failure | None) -> LocationEvidence:
    return LocationEvidence(
        location=location,
        country=country,
        ballot=Ballot.FAILED if failure else Ballot.PASSED,
        check_id=_check(location, _RECHECK, Purpose.RECHECK),
        failure=failure,
    )


_CHECK = CheckResult(
    check_id=_check("de-nbg", _DUE, Purpose.SCHEDULED),
    monitor_id=_MONITOR,
    location="de-nbg",
    country="DE",
    agent="nuremberg-1",
    purpose=Purpose.SCHEDULED,
    due_at=_DUE,
    started_at=_DUE + timedelta(milliseconds=4),
    duration_ms=181.4,
    failure=_UNAVAILABLE,
    phases=[
        PhaseTiming(phase=Phase.RESOLVE, start_ms=0.1, duration_ms=11.8),
        PhaseTiming(phase=Phase.CONNECT, start_ms=12.0, duration_ms=17.3),
        PhaseTiming(phase=Phase.TLS, start_ms=29.4, duration_ms=39.9),
        PhaseTiming(phase=Phase.GREETING, start_ms=69.4, duration_ms=18.2),
        PhaseTiming(phase=Phase.EHLO, start_ms=87.7, duration_ms=17.6),
        PhaseTiming(phase=Phase.AUTH, start_ms=105.4, duration_ms=75.9),
    ],
    warnings=[CheckWarning(kind=WarningKind.CERTIFICATE_EXPIRES_SOON, detail="valid until 2026-03-07 09:00 UTC")],
    address="192.0.2.25",
    facts={"greeting": "220 smtp.example.com ESMTP", "tlsVersion": "TLSv1.3", "certificateDaysLeft": 5},
    transcript=[
        TranscriptLine(at_ms=29.4, speaker=Speaker.NOTE, text="TLS handshake for smtp.example.com"),
        TranscriptLine(at_ms=87.6, speaker=Speaker.SERVER, text="220 smtp.example.com ESMTP"),
        TranscriptLine(at_ms=105.5, speaker=Speaker.CLIENT, text="AUTH PLAIN ********"),
        TranscriptLine(at_ms=181.2, speaker=Speaker.SERVER, text=_UNAVAILABLE.detail),
    ],
    loop_lag_ms=0.6,
    kernel_rtt_ms=17.1,
)

RESULT = Event(
    event_id=_CHECK.check_id,
    type=EventType.RESULT,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    kind=KINDS[0],
    occurred_at=_DUE + timedelta(milliseconds=203),
    status=_CHECK.status,
    result=_CHECK,
    sequence=4711,
)

_EVIDENCE = Evidence(
    due_at=_RECHECK,
    purpose=Purpose.RECHECK,
    votes=[
        _evidence_of("de-nbg", "DE", _UNAVAILABLE),
        _evidence_of("jp-tyo", "JP", None),
        _evidence_of("us-nyc", "US", _UNAVAILABLE),
    ],
)

VERDICT = VerdictEvent(
    event_id=uuid5(_MONITOR, "an example of a verdict"),
    type=EventType.VERDICT,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    kind=KINDS[0],
    occurred_at=_CONFIRMED,
    verdict=VerdictKind.DOWN,
    previous=VerdictKind.UP,
    reason=_REASON,
    evidence=_EVIDENCE,
    sequence=4712,
)

INCIDENT = IncidentEvent(
    event_id=uuid5(_MONITOR, "an example of a change"),
    type=EventType.INCIDENT,
    organization_id=_ORGANIZATION,
    customer_id=_CUSTOMER,
    monitor_id=_MONITOR,
    kind=KINDS[0],
    occurred_at=_CONFIRMED,
    incident_id=uuid5(_MONITOR, "an example of an incident"),
    change=ChangeKind.OPENED,
    severity=Severity.DOWN,
    reason=_REASON,
    outage_started_at=_DUE,
    started_at=_CONFIRMED,
    evidence=_EVIDENCE,
    sequence=4713,
)
