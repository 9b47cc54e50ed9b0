"""What can be wrong with a wish: domain errors, in words a caller may read. Only api/problems.py makes HTTP of them."""

from __future__ import annotations

from collections.abc import Sequence


class DomainError(Exception):
    """The root of all that operations raise on purpose; the message is for the caller and holds no secret."""

    @property
    def messages(self) -> list[str]:
        """What is wrong, one by one, for answers that list it."""
        return [str(self)]


class InvalidError(DomainError, ValueError):
    """A value breaks a rule. `message` replaces "<field> <rule>" where a vendor's page prints another text."""

    def __init__(self, field: str, rule: str, *, message: str | None = None) -> None:
        super().__init__(message or f"{field} {rule}")
        self.field = field
        self.rule = rule


class InvalidFieldsError(InvalidError):
    """Several values break a rule, each told in words of its own."""

    def __init__(self, problems: Sequence[InvalidError]) -> None:
        super().__init__(problems[0].field, problems[0].rule, message="; ".join(map(str, problems)))
        self.problems = problems

    @property
    def messages(self) -> list[str]:
        return [str(problem) for problem in self.problems]


class UnauthenticatedError(DomainError):
    """No token, or not one we know."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class ForbiddenError(DomainError):
    """Known, but not allowed to do this."""

    def __init__(self) -> None:
        super().__init__("Forbidden")


class OrganizationRequiredError(DomainError):
    """A global admin did not name the organization that is meant."""

    def __init__(self) -> None:
        super().__init__("Organization ID is required in the authenticated session")


class LimitedError(DomainError):
    """Too much at once; it may be tried again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LoginRefusedError(DomainError):
    """E-mail or password is wrong; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("Invalid email or password")


class OverError(DomainError):
    """It has ended already, so this cannot be done with it any more."""


class TakenError(DomainError):
    """Something of that name is there already."""


class NotFoundError(DomainError):
    """There is no such monitor for this principal."""

    def __init__(self, message: str = "Not found") -> None:
        super().__init__(message)


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
