"""What our connections need of the inside of uvicorn's.

uvicorn takes a class of connections (`http=`) but describes none of their members, so this is the one module that uses
them. tests/unit/libraries notices when a release changes what is used here.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Ending(Enum):
    """How a connection ends whose last request was given up."""

    NOW = "nothing was written of an answer to it, and no other answer is due"
    AFTER_ANSWERS = "with the last of the answers that are due to requests before it"
    CUT_OFF = "in the middle of an answer to it"


class UvicornConnection(HttpToolsProtocol):
    """It is also what httptools calls while it parses: `on_message_begin`, `on_header` and so on."""

    def stop_idle_timer(self) -> None:
        """The client has sent something."""
        self._unset_keepalive_if_required()

    def parse(self, data: bytes) -> None:
        """Raises what httptools raises, for what is no request and for a change of protocol."""
        self.parser.feed_data(data)

    def extend_request(self, extensions: dict[str, Any]) -> None:
        """Give the application these ASGI extensions with the request that begins."""
        self.scope["extensions"] = extensions

    @property
    def requests_wait(self) -> bool:
        """Whether requests were read whose turn has not come, as clients may send several before the first answer."""
        return bool(self.pipeline)

    def give_up_request(self) -> Ending:
        """Give up the request that is being read, if one is; the answer says how the connection is to end."""
        cycle = self.cycle
        if cycle is None:
            return Ending.NOW
        if not cycle.more_body:  # it was read to its end before
            if cycle.response_complete:
                return Ending.NOW
            cycle.keep_alive = False  # the connection ends with this answer
            return Ending.AFTER_ANSWERS
        if any(queued is cycle for queued, _ in self.pipeline):
            self.pipeline.popleft()  # the connection ends when the requests before it are answered
            return Ending.AFTER_ANSWERS
        if cycle.response_started:
            return Ending.CUT_OFF
        cycle.disconnected = True
        cycle.message_event.set()
        return Ending.NOW
