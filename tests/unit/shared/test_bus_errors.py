"""What an error of the broker's client is called."""

from __future__ import annotations

import nats.errors
import nats.js.errors
import pytest

from shared.nats.errors import describe


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(TimeoutError(), "the broker did not answer in time", id="silent"),
        pytest.param(nats.errors.TimeoutError(), "the broker did not answer in time", id="silent, by the client"),
        pytest.param(nats.errors.UnexpectedEOF(), "the broker closed the connection", id="hung up"),
        pytest.param(nats.errors.ConnectionClosedError(), "the broker closed the connection", id="closed"),
        pytest.param(ConnectionResetError("Connection lost"), "the broker closed the connection", id="lost"),
        pytest.param(
            nats.js.errors.ServiceUnavailableError(), "JetStream is not available on the broker", id="no JetStream"
        ),
        pytest.param(
            nats.js.errors.NotFoundError(description="stream not found"), "stream not found", id="refused by JetStream"
        ),
        pytest.param(OSError("no way"), "no way", id="a text of its own"),
    ],
)
def test_an_error_is_plain_english(error: Exception, text: str) -> None:
    assert describe(error) == text
