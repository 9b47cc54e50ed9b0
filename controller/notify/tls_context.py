"""A TLS context that is kept: to build one reads all certificate authorities, which takes as long as a mail."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()

RENEW_SECONDS = 600.0
"""A changed list of certificate authorities is used after so long at the latest."""


class KeptTlsContext:
    """`make` builds the context, in a thread. `clock` gives monotonic seconds."""

    def __init__(self, make: Callable[[], ssl.SSLContext], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._made_at = float("-inf")
        self._making = asyncio.Lock()

    async def current(self) -> ssl.SSLContext:
        """The context, not older than RENEW_SECONDS. One that cannot be renewed is kept; raises OSError, ValueError
        when there is none.
        """
        async with self._making:
            if self._context is None or self._clock() - self._made_at > RENEW_SECONDS:
                try:
                    self._context = await asyncio.to_thread(self._make)
                except (OSError, ValueError) as error:  # a bundle that is being replaced
                    if self._context is None:
                        raise
                    log.warning("tls_context_not_renewed", error=str(error))
                self._made_at = self._clock()
            return self._context
