"""Keep a loop of the pipeline going: whatever goes wrong is logged, and the loop begins anew after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from controller.store.platform.pool import StoreUnavailableError
from shared.nats.cancelling import heed_cancellation
from shared.nats.errors import BusError

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0


async def keep(name: str, work: Callable[[], Coroutine[None, None, object]], *, every_seconds: float = 0.0) -> None:
    """Do `work` again and again until cancelled, `every_seconds` apart; after trouble at least a second apart.

    A neighbour that is away is told in the log once, and once more when it is back. Each turn is a task of its own: a
    TaskGroup before Python 3.13 that failed leaves its task looking cancelled for ever.
    """
    away = False
    while True:
        pause = every_seconds
        try:
            await asyncio.create_task(work(), name=name)
            if away:
                away = False
                log.info("loop_recovered", loop=name)
        except (StoreUnavailableError, BusError) as error:
            if not away:
                away = True
                log.warning("loop_waits", loop=name, error=str(error))
            pause = max(pause, _PAUSE_SECONDS)
        except asyncio.CancelledError:
            heed_cancellation()
            log.exception("loop_failed", loop=name)  # what it waited for was cancelled, not the loop
            pause = max(pause, _PAUSE_SECONDS)
        except Exception:
            log.exception("loop_failed", loop=name)
            pause = max(pause, _PAUSE_SECONDS)
        heed_cancellation()
        await asyncio.sleep(pause)
