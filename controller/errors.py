"""Domain errors: why a request is refused, in texts for the caller. Only api/http/problems.py turns them into HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


class DomainError(Exception):
    """The base of all errors that operations raise on purpose. The message is for the caller and holds no secret."""

    @property
    def messages(self) -> list[str]:
        """One message for each problem, for answers that list them."""
        return [str(self)]

    @property
    def fields(self) -> Sequence[InvalidError]:
        """The values that are wrong, for answers that name each of them."""
        return ()


class InvalidError(DomainError, ValueError):
    """A value breaks a rule. `message` replaces "<field> <rule>" where a vendor's page prints another text."""

    def __init__(self, field: str, rule: str, *, message: str | None = None) -> None:
        super().__init__(message or f"{field} {rule}")
        self.field = field
        self.rule = rule

    @property
    def fields(self) -> Sequence[InvalidError]:
        return [self]


class InvalidFieldsError(InvalidError):
    """Several values break a rule, each with its own message."""

    def __init__(self, problems: Sequence[InvalidError]) -> None:
        super().__init__(problems[0].field, problems[0].rule, message="; ".join(map(str, problems)))
        self.problems = problems

    @property
    def messages(self) -> list[str]:
        return [str(problem) for problem in self.problems]

    @property
    def fields(self) -> Sequence[InvalidError]:
        return self.problems


@contextmanager
def noting(
    problems: list[InvalidError], named: Callable[[InvalidError], InvalidError] = lambda error: error
) -> Iterator[None]:
    """Note the mistakes that the block finds, so that all of a request are reported together; `named` may give their
    fields other names.
    """
    try:
        yield
    except InvalidError as error:
        problems += map(named, error.fields)


class UnauthenticatedError(DomainError):
    """The token or session is missing or unknown."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class ForbiddenError(DomainError):
    """The caller is authenticated, but not allowed to do this."""

    def __init__(self) -> None:
        super().__init__("Forbidden")


class OtherSiteError(ForbiddenError):
    """A page of another site made the browser send this."""


class OrganizationRequiredError(DomainError):
    """A global admin did not name an organization."""

    def __init__(self) -> None:
        super().__init__("Organization ID is required in the authenticated session")


class LimitedError(DomainError):
    """Too many requests; the caller may try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StillRunningError(LimitedError):
    """The same request was sent before, and has no answer yet."""


class LoginRefusedError(DomainError):
    """E-mail or password is wrong; the message does not say which."""

    def __init__(self) -> None:
        super().__init__("Invalid email or password")


class LoginCodeRefusedError(DomainError):
    """The one-time code of a login link is unknown, used or expired; the message does not say which."""

    def __init__(self) -> None:
        super().__init__("The login code is wrong, was used already, or has expired")


class SignOnRefusedError(DomainError):
    """Single sign-on let nobody in. The message is for the person; the reason is in the organization's audit log."""


class AlreadyEndedError(DomainError):
    """The object has ended already, so this can no longer be done with it."""


class GoneError(DomainError):
    """What the request names was there, and is over for good."""


class WrongStateError(DomainError):
    """The object must be in another state for this; the message says in which."""


class AlreadyExistsError(DomainError):
    """Something with this name exists already."""


class PreconditionFailedError(DomainError):
    """The object is in another state than the one that the caller named (RFC 9110, section 13.1.1): `current`, whose
    entity tag is `etag`; None when there is none.
    """

    def __init__(self, current: object, etag: str | None) -> None:
        super().__init__("The object has changed: read it again, and send the change with its new ETag in If-Match")
        self.current = current
        self.etag = etag


class NotFoundError(DomainError):
    """The object does not exist for this principal."""

    def __init__(self, message: str = "Not found") -> None:
        super().__init__(message)


class UnknownCustomerError(DomainError):
    """No customer of the principal's organization has this identifier."""

    def __init__(self) -> None:
        super().__init__("Invalid Customer identifier")

    @property
    def fields(self) -> Sequence[InvalidError]:
        return [InvalidError("customerId", "must be the id of a customer of the organization")]


class NoActiveLocationsError(DomainError):
    """No location can run a check now."""

    def __init__(self) -> None:
        super().__init__("No active monitoring locations available")


class UnfitLocationsError(DomainError):
    """Every location that should run a check now has agents, none of which can run it; the message says why."""


class NoEligibleLocationsError(DomainError):
    """No enabled location is in the allowed countries."""

    def __init__(self) -> None:
        super().__init__("No eligible monitoring locations for the selected allowed countries")
