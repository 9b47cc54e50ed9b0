"""The ingest side of a controller, for tests."""

from __future__ import annotations

from controller.pipeline.ingestor import Ingestor
from shared import subjects
from shared.deliveries import Consumer


class Pipe:
    """An ingestor and its share of the results."""

    def __init__(self, ingestor: Ingestor, consumer: Consumer) -> None:
        self.ingestor = ingestor
        self.consumer = consumer

    async def drain(self) -> None:
        """Ingest until the stream holds no more."""
        manager = self.ingestor._bus.client.jsm()
        while (await manager.stream_info(subjects.RESULTS)).state.messages:
            await self.ingestor.ingest_batch(self.consumer)
