"""What the processes of an agent say to each other about the desk: the parent serves it, each child asks there.

One JSON value a line, both ways, over a socket. When the parent's end closes the child has no agent any more, and
stops; when a child's end closes, all it held is given back.
"""

from __future__ import annotations

import msgspec

from agent.metrics.reading import Reading
from agent.throttling.limiter import Ask
from agent.throttling.refused_logins import Outcome
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness

LINE_BYTES = 64 * 1024


class Asked(msgspec.Struct, tag="asked"):
    number: int
    ask: Ask


class Ended(msgspec.Struct, tag="ended"):
    """Check `number` has ended, or is not to begin any more."""

    number: int
    outcome: Outcome = Outcome.UNCLEAR
    failure: Failure | None = None


class Granted(msgspec.Struct, tag="granted"):
    number: int
    withheld: Failure | None = None


class NotGranted(msgspec.Struct, tag="refused"):
    number: int
    detail: str


class Found(msgspec.Struct, tag="found"):
    unfit: list[Unfitness]


class Read(msgspec.Struct, tag="read"):
    """The parent wants to know what the child has counted."""


class Told(msgspec.Struct, tag="told"):
    reading: Reading


from_child = msgspec.json.Decoder(Asked | Ended | Told)
from_parent = msgspec.json.Decoder(Granted | NotGranted | Found | Read)
