"""Why something could not be told."""

from __future__ import annotations


class DeliveryError(Exception):
    """The receiver, or the way there, refused. `permanent`: trying again would change nothing. The words hold no secret
    and may be shown to who owns the channel. `status` is the receiver's own code, where it gave one.
    """

    def __init__(self, message: str, *, permanent: bool, status: int | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status


class SkippedError(Exception):
    """It is not sent and will not be, and that is why: nobody's fault, but not kept silent."""
