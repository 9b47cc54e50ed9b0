"""Why a notification was not sent."""

from __future__ import annotations

import ssl
from enum import StrEnum


class Fault(StrEnum):
    """What else fails with a message that was not sent."""

    MESSAGE = "message"  # nothing: others may be accepted
    CHANNEL = "channel"  # all that is sent to this channel
    TRANSPORT = "transport"  # all that this controller sends by this transport, as by its mail relay


class DeliveryError(Exception):
    """An attempt to send failed. `permanent` means that another attempt would fail as well. The message holds no secret
    and may be shown to the owner of the channel. `status` is the receiver's own code, if it gave one.
    """

    def __init__(
        self, message: str, *, permanent: bool, status: int | None = None, fault: Fault = Fault.MESSAGE
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status
        self.fault = fault


def certificate_problem(error: BaseException | None) -> str | None:
    """Why a certificate is not valid, if an invalid certificate is the cause of this error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        error = error.__cause__ or error.__context__
    return None


class SkippedError(Exception):
    """The notification is not sent, although nothing failed; the message says why."""
