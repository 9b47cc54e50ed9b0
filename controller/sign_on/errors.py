"""Why a provider could not sign somebody in."""

from __future__ import annotations

from enum import StrEnum


class ProviderFault(StrEnum):
    """What is wrong with a provider: its address is not allowed, it does not answer, it answers an error or something
    else than was expected, or none of its keys can be used.
    """

    ADDRESS = "address"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    CONTENT = "content"
    KEYS = "keys"


class ProviderError(Exception):
    """The provider is away, or what it answers is wrong. The message is for administrators and holds no secret.
    `status` is that of an answer which is an error.
    """

    def __init__(
        self, message: str, *, fault: ProviderFault = ProviderFault.CONTENT, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status
