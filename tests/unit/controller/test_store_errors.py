"""What the log and the command line say while PostgreSQL is away."""

from __future__ import annotations

import asyncpg
import pytest

from controller.store.platform.pool import (
    AWAY,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    UnstorableError,
    refused,
    unavailable,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "PostgreSQL did not answer in time"),
        (ConnectionResetError(104, "Connection reset by peer"), "PostgreSQL closed the connection"),
        (
            asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
            "PostgreSQL closed the connection",
        ),
        (asyncpg.CannotConnectNowError("the database system is starting up"), "the database system is starting up"),
        (OSError(), "PostgreSQL is unavailable"),
    ],
)
def test_no_error_of_a_library_shows(error: Exception, text: str) -> None:
    assert str(unavailable(error)) == text


def of_state(sqlstate: str, message: str = "why", **fields: str) -> Exception:
    """The error that asyncpg raises for a SQLSTATE."""
    error: Exception = asyncpg.PostgresError.new({"C": sqlstate, "M": message, "S": "ERROR", **fields})
    return error


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        pytest.param("53100", StoreFullError, id="the disk is full"),
        pytest.param("25006", StoreReadOnlyError, id="read-only, as while a fail-over is under way"),
        pytest.param("57P03", StoreUnavailableError, id="starting, stopping or recovering"),
        pytest.param("57P01", StoreUnavailableError, id="ended by the administrator"),
        pytest.param("53300", StoreUnavailableError, id="too many connections"),
        pytest.param("58030", StoreUnavailableError, id="a file cannot be written"),
        pytest.param("40P01", StoreUnavailableError, id="a deadlock"),
    ],
)
def test_what_will_be_over_is_unavailable(sqlstate: str, kind: type[StoreUnavailableError]) -> None:
    error = of_state(sqlstate)
    assert isinstance(error, AWAY)
    assert type(unavailable(error)) is kind


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        pytest.param(of_state("22003"), UnstorableError, "PostgreSQL cannot hold one of its values", id="out of range"),
        pytest.param(
            OverflowError(), UnstorableError, "PostgreSQL cannot hold one of its values", id="refused by the client"
        ),
        pytest.param(of_state("54000"), UnstorableError, "a value is too large for PostgreSQL", id="too large"),
        pytest.param(
            of_state("23514", n="one_of_ours"), UnstorableError, "a value breaks the rule one_of_ours", id="a rule"
        ),
        pytest.param(
            of_state("23514", "no partition of relation"),
            StoreUnavailableError,
            "PostgreSQL has no partition for it",
            id="a partition that could not be made",
        ),
        pytest.param(
            of_state("42501", "permission denied"), StoreUnavailableError, "permission denied", id="a missing right"
        ),
        pytest.param(of_state("42P01", "no table"), StoreUnavailableError, "no table", id="a missing table"),
        pytest.param(of_state("XX000", "internal"), StoreUnavailableError, "internal", id="a fault of PostgreSQL"),
    ],
)
def test_only_what_is_wrong_with_a_value_is_unstorable(error: Exception, kind: type[Exception], text: str) -> None:
    assert type(refused(error)) is kind
    assert str(refused(error)) == text
