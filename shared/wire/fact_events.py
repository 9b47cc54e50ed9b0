"""Events of the public stream about facts of servers, as their locations see them.

They are part of the wire format (shared.wire.messages has the rest), to which fields are only added.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from shared.wire.messages import (
    CountryCode,
    EventId,
    EventSequence,
    EventType,
    LocationCode,
    Replayed,
    Timestamp,
    described,
)
from shared.wire.targets import KINDS_TEXT


class FactEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact of the server changed for three rounds, or a finding of the comparison of locations began or ended."""

    event_id: EventId
    type: EventType
    organization_id: UUID
    customer_id: UUID
    monitor_id: UUID
    occurred_at: Annotated[Timestamp, described("When the round that decided it was due.")]
    change: Annotated[str, described("changed (a fact), began or ended (a finding).")]
    fact: Annotated[str | None, described("The fact, as certificate or starttls; null for a finding.")]
    finding: Annotated[
        str | None,
        described("starttls_stripped, downgrade_suspected or interception_suspected; null for a fact."),
    ]
    before: Annotated[str | None, described("The value before; null for a finding.")]
    after: Annotated[str | None, described("The value from now on, or why a finding ended; null if nothing to add.")]
    locations: Annotated[list[LocationCode], described("The locations that see it.")]
    countries: Annotated[list[CountryCode], described("Their countries, in the same order.")]
    words: Annotated[str, described("The change in a sentence for people.")]
    kind: Annotated[str, described(f"The kind of the monitor: {KINDS_TEXT}.")] = ""
    sequence: EventSequence = UNSET
    replayed: Replayed = UNSET
