"""The limiter protocol between an agent's processes: the parent serves the limiter, each child requests permits and
says which requests it takes.

One JSON value per line, both ways, over a socket. If the parent closes its end, the child stops; if a child closes its
end, all its permits are given back.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from agent.dialogue.login import MOST_TRIES
from agent.metrics.reading import Reading
from agent.throttling.limiter import PermitQuery
from agent.throttling.refused_logins import Outcome
from agent.throttling.taken import TakenRequest
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness

LINE_BYTES = 64 * 1024

MOST_TAKEN = 256
"""How many requests one message names, so that it fits into a line."""


class PermitRequested(msgspec.Struct, tag="permit_requested"):
    number: int
    query: PermitQuery = msgspec.field(name="ask")


class Ended(msgspec.Struct, tag="ended"):
    """Check `number` has ended, or will not begin any more."""

    number: int
    outcome: Outcome = Outcome.UNCLEAR
    failure: Failure | None = None
    refusals: int = 1


class Granted(msgspec.Struct, tag="granted"):
    number: int
    withheld: Failure | None = None
    tries: int = MOST_TRIES


class NotGranted(msgspec.Struct, tag="refused"):
    number: int
    detail: str


class Found(msgspec.Struct, tag="found"):
    unfit: list[Unfitness]


class Read(msgspec.Struct, tag="read"):
    """The parent requests the child's metrics."""


class MetricsReported(msgspec.Struct, tag="metrics_reported"):
    reading: Reading


class TakeRequested(msgspec.Struct, tag="take_requested"):
    """The child is about to run these requests."""

    number: int
    requests: list[TakenRequest]


class Taken(msgspec.Struct, tag="taken"):
    """It may run all but the replayed ones, which are named by their places among those that it asked for."""

    number: int
    replayed: list[int]


class Answered(msgspec.Struct, tag="answered"):
    check_id: UUID


from_child = msgspec.json.Decoder(PermitRequested | Ended | MetricsReported | TakeRequested | Answered)
from_parent = msgspec.json.Decoder(Granted | NotGranted | Found | Read | Taken)
