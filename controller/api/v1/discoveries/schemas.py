"""The shape of discoveries: what was typed, and the servers that may be meant by it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.trials.schemas import DONE, TrialCountry, trial_answer
from controller.decisions.discovery.typed_address import LONGEST
from controller.http.monitors.targets import TARGET_EXAMPLE
from controller.http.timestamps import Timestamp, timestamp
from controller.model.discoveries import DiscoveryStep
from controller.operations.discoveries import DiscoveryState, TriedCandidate
from shared.wire.targets import TlsMode


class NewDiscovery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to find servers by."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"address": "alice@example.com"}

    address: Annotated[
        str,
        Meta(
            description="An e-mail address, a host, `host:port`, or a URL such as `imaps://mail.example.com`; without a"
            " password.",
            min_length=1,
            max_length=LONGEST,
            examples=["alice@example.com"],
        ),
    ]


class FoundServer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A server that may be meant. `kind`, `host`, `port` and `tls` are those of a monitor's target."""

    kind: Annotated[str, Meta(description="The kind of a monitor of it.")]
    host: Annotated[str, Meta(description="Its name or address.")]
    port: Annotated[int, Meta(description="Its port.")]
    tls: Annotated[TlsMode, Meta(description="How its connections are encrypted.")]
    user: Annotated[str | None, Meta(description="What people log in as there; null: not known, or nobody does.")]
    reasons: Annotated[list[str], Meta(description="Why it may be meant, in words.")]
    trial_id: Annotated[
        UUID | None, Meta(description="The trial that connects to it; null when it could not be tried.")
    ]
    result: Annotated[
        TrialCountry | None,
        Meta(description="What the trial found out so far, from one location; null without any."),
    ]


class FoundStep(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A place where servers were searched for."""

    source: Annotated[str, Meta(description="The place, in words.")]
    outcome: Annotated[str, Meta(description="What it said, in words.")]
    found: Annotated[bool, Meta(description="Whether it named a server.")]


class DiscoveryAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A discovery, as far as its tries are."""

    id: UUID
    address: Annotated[str, Meta(description="As it was sent.")]
    done: Annotated[bool, Meta(description="Whether every try has ended, so that nothing will change.")]
    created_at: Timestamp
    expires_at: Annotated[Timestamp, Meta(description="When all of it is forgotten: ten minutes after it began.")]
    servers: Annotated[list[FoundServer], Meta(description="At most six, what is more usual first.")]
    steps: Annotated[list[FoundStep], Meta(description="Where servers were searched for, and what came of it.")]


def discovery_answer(state: DiscoveryState) -> DiscoveryAnswer:
    discovery = state.discovery
    return DiscoveryAnswer(
        id=discovery.id,
        address=discovery.address,
        done=state.done,
        created_at=timestamp(discovery.created_at),
        expires_at=timestamp(discovery.expires_at),
        servers=[_server(one) for one in state.tried],
        steps=[_step(one) for one in discovery.steps],
    )


def _server(one: TriedCandidate) -> FoundServer:
    tried = trial_answer(one.trial).countries if one.trial is not None else []
    candidate = one.candidate
    return FoundServer(
        kind=candidate.kind,
        host=candidate.host,
        port=candidate.port,
        tls=candidate.tls,
        user=candidate.user,
        reasons=candidate.reasons,
        trial_id=candidate.trial_id,
        result=tried[0] if tried else None,
    )


def _step(one: DiscoveryStep) -> FoundStep:
    return FoundStep(source=one.source, outcome=one.outcome, found=one.found)


FOUND: dict[str, Any] = {
    "id": "78787878-7878-4787-8787-787878787878",
    "address": "alice@example.com",
    "done": True,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "expiresAt": "2026-01-01T12:10:00.000Z",
    "servers": [
        {
            "kind": TARGET_EXAMPLE["kind"],
            "host": "mail.example.com",
            "port": 587,
            "tls": "required",
            "user": "alice@example.com",
            "reasons": ["the SRV record _submission._tcp.example.com says so (RFC 6186)"],
            "trialId": DONE["id"],
            "result": DONE["countries"][0],
        }
    ],
    "steps": [{"source": "SRV records of example.com", "outcome": "name servers", "found": True}],
}
