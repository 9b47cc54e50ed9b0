"""The ingesting part of a controller, for tests."""

from __future__ import annotations

import asyncio

from controller.pipeline.ingestor import FETCHED, Ingestor
from shared.nats.deliveries import Consumer
from shared.wire import subjects

_PAUSE_SECONDS, _ACKNOWLEDGED_SECONDS = 0.005, 0.2


class IngestCase:
    """An ingestor and its consumers of single results and of messages with several."""

    def __init__(self, ingestor: Ingestor, consumer: Consumer, batches: Consumer) -> None:
        self.ingestor = ingestor
        self.consumer = consumer
        self.batches = batches

    async def drain(self) -> None:
        """Ingest until the stream is empty. What was acknowledged just now may still be in it, so a batch is fetched
        only when something is there to be delivered or delivered again.
        """
        manager = self.ingestor._bus.client.jsm()
        waited = 0.0
        while (await manager.stream_info(subjects.RESULTS)).state.messages:
            for name, consumer in ((subjects.INGEST, self.consumer), (subjects.INGEST_BATCHES, self.batches)):
                waiting = (await manager.consumer_info(subjects.RESULTS, name)).num_pending
                if waiting or waited >= _ACKNOWLEDGED_SECONDS:
                    await self.ingestor.ingest_batch(consumer, FETCHED[name])
                    waited = -_PAUSE_SECONDS
            await asyncio.sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
