"""What can be wrong with a wish: domain errors, in words a caller may read. Only api/problems.py makes HTTP of them."""

from __future__ import annotations


class DomainError(Exception):
    """The root of all that operations raise on purpose; the message is for the caller and holds no secret."""


class InvalidError(DomainError, ValueError):
    """A value breaks a rule. `message` replaces "<field> <rule>" where a vendor's page prints another text."""

    def __init__(self, field: str, rule: str, *, message: str | None = None) -> None:
        super().__init__(message or f"{field} {rule}")
        self.field = field
        self.rule = rule


class UnauthenticatedError(DomainError):
    """No token, or not one we know."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class ForbiddenError(DomainError):
    """Known, but not allowed to do this."""

    def __init__(self) -> None:
        super().__init__("Forbidden")


class NotFoundError(DomainError):
    """There is no such monitor for this principal."""

    def __init__(self) -> None:
        super().__init__("Not found")


class UnknownCustomerError(DomainError):
    """No customer of the principal's organization has this identifier."""

    def __init__(self) -> None:
        super().__init__("Invalid Customer identifier")


class NoActiveLocationsError(DomainError):
    """No location at all could run a check now."""

    def __init__(self) -> None:
        super().__init__("No active monitoring locations available")


class NoEligibleLocationsError(DomainError):
    """The country list leaves no enabled location."""

    def __init__(self) -> None:
        super().__init__("No eligible monitoring locations for the selected allowed countries")
