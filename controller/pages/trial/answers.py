"""What a try from one location found out, as a record of a check and in a few words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from controller.decisions.discovery.advice import KnownKinds, TryOutcome
from controller.kinds import BY_NAME, mail_services
from controller.model import CheckRecord
from controller.model.trials import TrialCheck
from controller.pages.check import words
from shared.wire.failures import Phase
from shared.wire.messages import Speaker, TranscriptLine

_MECHANISMS = re.compile(r"(?:\bAUTH[ =]|\bSASL )((?:[A-Z0-9_-]+(?: |\Z|(?=\]|\))))+)")


def known_kinds() -> KnownKinds:
    greetings = {name: kind.greeting for name, kind in BY_NAME.items()}
    places = {name: kind.form.place_of("verify_certificate") for name, kind in BY_NAME.items() if kind.form}
    return KnownKinds(
        mail_services(),
        greetings,
        {name: kind.label for name, kind in BY_NAME.items()},
        {name: place for name, place in places.items() if place},
    )


def record_of(check: TrialCheck) -> CheckRecord | None:
    """The result as pages draw those of monitors; None while there is none."""
    result = check.result
    if result is None:
        return None
    return CheckRecord(
        check_id=result.check_id,
        location_id=check.location_id or 0,
        location_code=check.location_code or result.location,
        location_name=check.location_name or result.location,
        country_code=check.country_code,
        purpose=result.purpose,
        status=result.status,
        due_at=result.due_at,
        started_at=result.started_at,
        duration_ms=result.duration_ms,
        agent=result.agent,
        address=result.address,
        failure=result.failure,
        phases=result.phases,
        warnings=result.warnings,
        facts=result.facts,
        transcript=result.transcript,
        loop_lag_ms=result.loop_lag_ms,
        kernel_rtt_ms=result.kernel_rtt_ms,
        login_withheld=result.login_withheld,
        detail=result.detail,
    )


def outcome_of(record: CheckRecord) -> TryOutcome:
    said = [line.text for line in record.transcript if line.speaker is Speaker.SERVER]
    return TryOutcome(record.failure, record.facts, encrypted(record), said)


def encrypted(record: CheckRecord) -> bool:
    return bool(record.facts.get("tlsVersion"))


def in_words(record: CheckRecord, kind: str) -> str:
    """`answers, TLSv1.3, the certificate names it, offers AUTH PLAIN LOGIN`; or how it failed."""
    if record.failure is not None:
        return words.outcome_of(record, kind)
    return ", ".join(_parts(record))


def _parts(record: CheckRecord) -> Iterator[str]:
    yield "answers"
    if not encrypted(record):
        yield "not encrypted"
    else:
        yield str(record.facts["tlsVersion"]).replace("TLSv", "TLS ")
        named = record.facts.get("certificateNameValid")
        if named is not None:
            yield "the certificate names it" if named else "the certificate names another server"
        if record.facts.get("certificateChainValid") is False:
            yield "nobody known vouches for the certificate"
    if any(timing.phase is Phase.AUTH for timing in record.phases):
        yield "the login works"
    elif offered := mechanisms(record.transcript):
        yield f"offers AUTH {' '.join(offered)}"


def mechanisms(transcript: Sequence[TranscriptLine]) -> list[str]:
    """The ways to log in that the server named last."""
    found: list[str] = []
    for line in transcript:
        if line.speaker is not Speaker.SERVER:
            continue
        here = [name for part in _MECHANISMS.findall(line.text.upper()) for name in part.split()]
        found = here or found
    return list(dict.fromkeys(found))
