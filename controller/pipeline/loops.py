"""Keep a loop of the pipeline running: a failure is logged, and the loop starts again after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from controller.store.platform.pool import StoreUnavailableError
from shared.nats.errors import BusError
from shared.nats.lost_cancellation import raise_lost_cancellation

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0
_RECOVERED_SECONDS = 20.0
"""Work that never ends counts as recovered after so long, which is more than any connect or query may take."""


async def keep(name: str, work: Callable[[], Coroutine[None, None, object]], *, every_seconds: float = 0.0) -> None:
    """Do `work` again and again until cancelled, with `every_seconds` between; after a failure at least a second.

    A dependency that cannot be reached is logged once, and once more when it is back. Each run of `work` is a task of
    its own, because a TaskGroup that failed leaves its task marked as cancelled for good before Python 3.13.
    """
    away = False

    def recovered() -> None:
        nonlocal away
        if away:
            away = False
            log.info("loop_recovered", loop=name)

    while True:
        pause = every_seconds
        lasting = asyncio.get_running_loop().call_later(_RECOVERED_SECONDS, recovered)
        try:
            await asyncio.create_task(work(), name=name)
            recovered()
        except (StoreUnavailableError, BusError) as error:
            if not away:
                away = True
                log.warning("loop_waits", loop=name, error=str(error))
            pause = max(pause, _PAUSE_SECONDS)
        except asyncio.CancelledError:
            raise_lost_cancellation()
            log.exception("loop_failed", loop=name)  # a task that `work` waited for was cancelled, not the loop
            pause = max(pause, _PAUSE_SECONDS)
        except Exception:
            log.exception("loop_failed", loop=name)
            pause = max(pause, _PAUSE_SECONDS)
        finally:
            lasting.cancel()
        raise_lost_cancellation()
        await asyncio.sleep(pause)
