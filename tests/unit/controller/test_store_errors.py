"""What the log and the command line say while PostgreSQL is away."""

from __future__ import annotations

import asyncpg
import pytest

from controller.store.platform.pool import unavailable


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
