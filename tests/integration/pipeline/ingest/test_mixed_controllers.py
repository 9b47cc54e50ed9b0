"""Results while controllers of this version and of the one before run side by side."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec

from controller.broker.streams import DUPLICATES_SECONDS, ensure_streams
from controller.pipeline.ingestor import Ingestor
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.batches import of_results
from tests.integration.agent.running_agent import stored, until_stored
from tests.integration.pipeline.result_case import ResultCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def test_an_earlier_controller_leaves_several_results_alone_and_one_of_this_version_stores_them(
    result_case: ResultCase,
) -> None:
    """Whichever of both answers a heartbeat decides how results are sent."""
    installation = result_case.installation
    rounds = [a_result(result_case.monitor, due_at=result_case.round(timedelta(minutes=n))) for n in range(2, 20)]
    alone, together = rounds[::3], [one for one in rounds if one not in rounds[::3]]
    signer = installation.signers["de"]
    for one in alone:
        await installation.report(one, expected=False, signer=signer)
    subject = subjects.batch_of(subjects.result("DE", "de"))
    for start in range(0, len(together), 4):
        body = of_results([msgspec.json.encode(one) for one in together[start : start + 4]])
        await installation.bus.publish(Message(subject, body, str(start), headers=signer.result(subject, body)))

    earlier = await installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
    await Ingestor(installation.db, installation.bus).ingest_batch(earlier)
    assert await _events(installation) == {one.check_id for one in alone}
    assert await stored(installation.bus, subjects.RESULTS) == 3
    await earlier.close()

    ingesting = asyncio.create_task(Ingestor(installation.db, installation.bus).ingest())
    await until_stored(installation.bus, subjects.RESULTS, 0)
    ingesting.cancel()
    await asyncio.wait([ingesting])
    assert await _events(installation) == {one.check_id for one in rounds}
    assert len(await installation.events()) == len(rounds)


async def _events(installation: SmallInstallation) -> set[UUID]:
    return {event.event_id for event in await installation.events()}


async def test_controllers_of_both_versions_make_the_same_streams_whoever_comes_last(bus: Bus) -> None:
    """An earlier one updates streams and consumers to what it knows, every half minute."""
    manager = bus.client.jsm()
    events = (await manager.stream_info(subjects.EVENTS)).config
    await manager.update_stream(events.evolve(duplicate_window=600.0))
    await ensure_streams(bus)
    assert (await manager.stream_info(subjects.EVENTS)).config.duplicate_window == DUPLICATES_SECONDS
    await manager.update_stream(events.evolve(duplicate_window=600.0))
    subject = subjects.batch_of(subjects.result("DE", "de"))
    await bus.publish(Message(subject, b"{}", "one"))
    batches = await bus.consumer(subjects.RESULTS, subjects.INGEST_BATCHES)
    [delivery] = await batches.fetch(5, 5)
    assert delivery.subject == subject
    await delivery.ack()
    await batches.close()
