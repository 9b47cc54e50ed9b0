"""What goes wrong with the broker: the client's own errors, and the one that callers know."""

from __future__ import annotations

from nats.errors import Error as NatsError

TROUBLE = (NatsError, OSError, TimeoutError)
"""Everything the client raises."""


class BusError(Exception):
    """The broker is away, or refused what was asked."""


def words(error: BaseException) -> str:
    return str(error) or type(error).__name__
