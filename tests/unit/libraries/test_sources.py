"""What our modules replace or use of the inside of libraries is, to the letter, what they were written for.

When one of these fails after an update: read what changed, adapt the module if it must be, and state the new digest.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.transport import TcpTransport
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

NATS = {
    Client._process_headers: "fe656f61147df989",
    Client._connect_command: "1999c01f55c91ecc",
    Client._attempt_reconnect: "2bbc96e0f2f765ec",
    Client._connect_to_server: "1356d992325fde9f",
    Client._process_connect_init: "e1ed2da075c82ab0",
    Client._close: "9a92d3aca1b2c1fd",
    Client._select_next_server: "c278559f8a14659c",
    TcpTransport.connect: "96c97f9bad0501da",
    TcpTransport.connect_tls: "6688ffffefa25d6b",
    TcpTransport.wait_closed: "5c2fc732144d8b03",
}
"""Of shared/nats/client.py."""
UVICORN = {
    HttpToolsProtocol.__init__: "4f08999410347141",
    HttpToolsProtocol.connection_made: "6efb565ff3d36b91",
    HttpToolsProtocol.connection_lost: "c91a4c9bf2e29c55",
    HttpToolsProtocol.data_received: "010a7ae59a5d3b1a",
    HttpToolsProtocol.on_message_begin: "96d377fdc7c2baef",
    HttpToolsProtocol.on_header: "65d62c044f61fdbd",
    HttpToolsProtocol.on_headers_complete: "1ea8589acfad92d8",
    HttpToolsProtocol.on_message_complete: "1fbad42dc31fc01f",
    HttpToolsProtocol.on_response_complete: "64e254f28e389e76",
    HttpToolsProtocol._unset_keepalive_if_required: "00a6a4e47214e68e",
    RequestResponseCycle.__init__: "4d2f220910c33c12",
    RequestResponseCycle.run_asgi: "0f33f2449a444bc2",
    RequestResponseCycle.send: "abdd8601b326a8da",
    RequestResponseCycle.receive: "8124ae006be71184",
}
"""Of controller/http/uvicorn_connection.py and connection.py."""


def digest(function: Callable[..., Any]) -> str:
    return sha256(inspect.getsource(function).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("function", "known"), [*NATS.items(), *UVICORN.items()], ids=lambda value: getattr(value, "__qualname__", None)
)
def test_the_inside_of_a_library_is_as_we_know_it(function: Callable[..., Any], known: str) -> None:
    assert digest(function) == known, inspect.getsource(function)
