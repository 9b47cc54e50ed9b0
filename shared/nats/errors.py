"""Errors of the broker: those of the client, and BusError, the only one that callers see."""

from __future__ import annotations

import re

from nats.errors import ConnectionClosedError, MaxPayloadError, StaleConnectionError
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NoStreamResponseError

BROKER_ERRORS = (NatsError, OSError, TimeoutError)
"""All errors that the client raises."""

_CLOSED = (EOFError, ConnectionResetError, BrokenPipeError, ConnectionClosedError, StaleConnectionError)


_NOT_TAKEN = (APIError, NoStreamResponseError, MaxPayloadError)
"""Answers by which the broker, or the client, says that a message was not stored."""
_REFUSED = re.compile(r"authorization violation|authentication (?:expired|revoked)", re.IGNORECASE)


class BusError(Exception):
    """The broker is away, or it refused a request."""


class BrokerRefusedError(BusError):
    """The broker certainly has not taken a message: it said so, or the message was never sent."""


def not_published(error: BaseException) -> BusError:
    """The error to raise for one of BROKER_ERRORS when a message was published."""
    return (BrokerRefusedError if isinstance(error, _NOT_TAKEN) else BusError)(describe(error))


def is_refusal(error: BaseException) -> bool:
    """Whether a server refused the login: it does not know the keys, or they were revoked or have expired."""
    return isinstance(error, NatsError) and _REFUSED.search(str(error)) is not None


def describe(error: BaseException) -> str:
    """The error as a text for people. A text that names only a class of Python or of the client is replaced."""
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    if isinstance(error, _CLOSED):
        return "the broker closed the connection"
    if isinstance(error, APIError):
        return error.description or "JetStream is not available on the broker"
    return str(error) or type(error).__name__
