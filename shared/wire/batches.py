"""Several requests, or several results, in one message with one signature.

The parts are as they would be sent alone, and each is read and judged by itself: one that cannot be read spoils no
other. A message with several requests goes the way of a single one, to locations whose agents all announced that they
read it. One with several results has a subject of its own (`subjects.batch_of`), and is sent while controllers say that
they read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

MOST_REQUESTS = 16
"""In a message. (Measured: with 50 some checks wait for their slots, and the first results come later.)"""

MOST_RESULTS = 64
MOST_BYTES = 256 * 1024
"""A part that is larger travels alone."""

_MOST_READ = 256
"""Parts in a message. Later versions may send more than this one, but whoever reads must not choke on them."""


class RequestBatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Requests of one location and kind of check."""

    requests: list[Raw]


class ResultBatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Results of one location."""

    results: Annotated[list[Raw], Meta(min_length=1, max_length=_MOST_READ)]


class _MaybeBatch(msgspec.Struct):
    """A request has no field of this name."""

    requests: Annotated[list[Raw], Meta(max_length=_MOST_READ)] | UnsetType = UNSET


_requests_decoder = msgspec.json.Decoder(_MaybeBatch)
_results_decoder = msgspec.json.Decoder(ResultBatch)


def of_requests(bodies: Sequence[bytes]) -> bytes:
    """The body of a message with these requests."""
    return bodies[0] if len(bodies) == 1 else msgspec.json.encode(RequestBatch(requests=[Raw(one) for one in bodies]))


def of_results(bodies: Sequence[bytes]) -> bytes:
    """The body of a message with these results."""
    return msgspec.json.encode(ResultBatch(results=[Raw(one) for one in bodies]))


def requests_in(body: bytes) -> list[bytes]:
    """The requests in a message, which may be one only. Raises ValueError (msgspec's errors are), RecursionError."""
    requests = _requests_decoder.decode(body).requests
    if requests is UNSET:
        return [body]
    if not requests:
        raise ValueError("no requests")
    return [bytes(one) for one in requests]


def results_in(body: bytes) -> list[bytes]:
    """The results in a message on the subject of such messages. Raises ValueError, RecursionError."""
    return [bytes(one) for one in _results_decoder.decode(body).results]
