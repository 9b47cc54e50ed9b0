"""The shape of trials: what to try, and what it found out from each country."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.failures import ExplainedFailure, explained
from controller.api.v1.results.items import rounded
from controller.decisions.trials import TrialStatus
from controller.http.monitors.targets import TARGET_EXAMPLE, AnyTarget, KindName, check_target, with_kind_in_target
from controller.http.timestamps import Timestamp, timestamp
from controller.model.trials import TrialCheck
from controller.model.values.countries import country_list
from controller.model.values.ruled import ruled
from controller.operations.trials import TrialState
from shared.wire.failures import CheckWarning
from shared.wire.messages import PhaseTiming, TranscriptLine

_MOST_COUNTRIES = 250


class NewTrial(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to try."""

    PREPARED: ClassVar[Any] = staticmethod(with_kind_in_target)
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "target": TARGET_EXAMPLE,
        "countries": ["DE", "FR"],
        "timeout": 30,
    }

    target: Annotated[AnyTarget, Meta(description="As that of a monitor, with its secrets.", extra=ruled(check_target))]
    kind: Annotated[
        KindName | None,
        Meta(description="The kind of `target`, where that does not say it itself. Null or left out: it does."),
    ] = None
    countries: (
        Annotated[
            list[Annotated[str, Meta(pattern="^[A-Za-z]{2}$")]],
            Meta(
                description="ISO 3166-1 alpha-2 codes of countries to check from, one location in each. Null or left"
                " out: those that the organization allows, else all that have a location.",
                min_length=1,
                max_length=_MOST_COUNTRIES,
                examples=[["DE", "FR"]],
                extra=ruled(country_list),
            ),
        ]
        | None
    ) = None
    timeout: (
        Annotated[
            int,
            Meta(
                description="Seconds for the whole check, at most as many as the kind allows. Null or left out: 30.",
                ge=1,
                le=300,
                examples=[30],
            ),
        ]
        | None
    ) = None


class TrialCountry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The check of one country. What it found out is null, or empty, until `status` is success, failure or unknown."""

    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.", examples=["DE"])]
    location: Annotated[str | None, Meta(description="The code of the location that runs it; null when none can.")]
    location_name: Annotated[str | None, Meta(description="That location's name.")]
    status: Annotated[
        TrialStatus,
        Meta(
            description="`pending` until there is a result; `unknown` where the fault is our own, as in results;"
            " `no_result` when no location can run it, or no result came in time."
        ),
    ]
    reason: Annotated[str | None, Meta(description="With `no_result`, why; else null.")]
    started_at: Annotated[Timestamp | None, Meta(description="When the agent began.")] = None
    duration_ms: Annotated[float | None, Meta(description="Milliseconds of the whole check.")] = None
    address: Annotated[str | None, Meta(description="The IP address that it connected to.")] = None
    failure: Annotated[
        ExplainedFailure | None, Meta(description="What went wrong, in which phase, and whose fault it is.")
    ] = None
    warnings: Annotated[list[CheckWarning], Meta(description="What is not wrong yet.")] = []
    phases: Annotated[list[PhaseTiming], Meta(description="The phases, in the order in which they began.")] = []
    facts: Annotated[dict[str, Any], Meta(description="What the check learnt about the server, by name.")] = {}
    detail: Annotated[dict[str, Any] | None, Meta(description="What only checks of this kind find out, or null.")] = (
        None
    )
    transcript: Annotated[
        list[TranscriptLine], Meta(description="The dialogue, with passwords and tokens replaced by asterisks.")
    ] = []


class TrialAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A trial, as far as it is."""

    id: UUID
    kind: Annotated[str, Meta(description="The kind of what is tried.")]
    done: Annotated[bool, Meta(description="Whether no country is pending any more, so that nothing will change.")]
    timeout: Annotated[int, Meta(description="Seconds for each check.")]
    created_at: Timestamp
    expires_at: Annotated[Timestamp, Meta(description="When all of it is forgotten: ten minutes after it began.")]
    countries: Annotated[list[TrialCountry], Meta(description="By country, in the order of their codes.")]


def trial_answer(found: TrialState) -> TrialAnswer:
    trial = found.trial
    return TrialAnswer(
        id=trial.id,
        kind=trial.kind,
        done=found.done,
        timeout=trial.timeout_seconds,
        created_at=timestamp(trial.due_at),
        expires_at=timestamp(trial.expires_at),
        countries=[_country(check, status, reason) for check, status, reason in found.states],
    )


def _country(check: TrialCheck, status: TrialStatus, reason: str | None) -> TrialCountry:
    known = TrialCountry(
        country=check.country_code,
        location=check.location_code,
        location_name=check.location_name,
        status=status,
        reason=reason,
    )
    result = check.result
    if result is None:
        return known
    return msgspec.structs.replace(
        known,
        started_at=timestamp(result.started_at),
        duration_ms=rounded(result.duration_ms),
        address=result.address,
        failure=explained(result.failure),
        warnings=result.warnings,
        phases=result.phases,
        facts=result.facts,
        detail=result.detail,
        transcript=result.transcript,
    )


BEGUN: dict[str, Any] = {
    "id": "77777777-7777-4777-8777-777777777777",
    "kind": TARGET_EXAMPLE["kind"],
    "done": False,
    "timeout": 30,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "expiresAt": "2026-01-01T12:10:00.000Z",
    "countries": [
        {
            "country": country,
            "location": location,
            "locationName": location,
            "status": status,
            "reason": reason,
            "startedAt": None,
            "durationMs": None,
            "address": None,
            "failure": None,
            "warnings": [],
            "phases": [],
            "facts": {},
            "detail": None,
            "transcript": [],
        }
        for country, location, status, reason in (
            ("DE", "de-nbg", "pending", None),
            ("FR", None, "no_result", "no agent is connected at any location"),
        )
    ],
}
DONE: dict[str, Any] = BEGUN | {
    "done": True,
    "countries": [
        BEGUN["countries"][0]
        | {
            "status": "failure",
            "startedAt": "2026-01-01T12:00:00.081Z",
            "durationMs": 41.208,
            "address": "192.0.2.25",
            "failure": {
                "kind": "login_refused",
                "source": "target",
                "phase": "auth",
                "detail": "535 5.7.8 authentication failed",
                "help": "/help/login-refused",
            },
            "phases": [
                {"phase": "resolve", "startMs": 0.1, "durationMs": 3.1},
                {"phase": "connect", "startMs": 3.2, "durationMs": 12.0},
            ],
            "facts": {"banner": "mail.example.com ESMTP"},
            "transcript": [{"atMs": 16.3, "speaker": "server", "text": "220 mail.example.com ESMTP"}],
        },
        BEGUN["countries"][1],
    ],
}
