"""Several results in a message: each is judged, stored and published by itself, and the message ends with the last."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from controller.decisions.received_results import RejectionReason
from controller.pipeline import ingestor as ingestor_module
from controller.pipeline.ingest.result_events import publish_left
from controller.pipeline.ingestor import BATCH, Ingestor
from controller.store.checks.expected_results import store_expected
from controller.store.locations import signatures
from shared.epoch import to_ms
from shared.nats.bus import Message
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.wire import subjects
from shared.wire.batches import MOST_RESULTS, of_results
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.result_case import ResultCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually

ALONE = subjects.result("DE", "de")
TOGETHER = subjects.batch_of(ALONE)


async def _expect(installation: SmallInstallation, results: Sequence[CheckResult], location: str = "de") -> None:
    await installation.value(
        "INSERT INTO dispatch (settle_at, monitor_ids, due_ats, location_ids, purpose, reason)"
        " SELECT now() + interval '1 hour', array_agg(m.id), array_agg(due_at), array_agg(l.id), 'scheduled',"
        " 'no_result' FROM unnest($1::uuid[], $2::timestamptz[]) AS given (monitor, due_at)"
        " JOIN monitor m ON m.public_id = monitor, location l WHERE l.code = $3",
        [result.monitor_id for result in results],
        [result.due_at for result in results],
        location,
    )


async def _send(
    installation: SmallInstallation,
    bodies: Sequence[bytes],
    signer: LocationSigner | None = None,
    subject: str = TOGETHER,
) -> None:
    body = of_results(bodies)
    headers = signer.result(subject, body) if signer else {}
    await installation.bus.publish(Message(subject, body, str(uuid4()), headers=headers))


async def _rounds(installation: SmallInstallation, count: int) -> list[CheckResult]:
    """Results of one monitor that are expected, each because it was dispatched; no round is due at such a moment."""
    first = a_result(await installation.monitor(interval=60))
    results = [a_result(first.monitor_id, due_at=first.due_at + timedelta(milliseconds=n)) for n in range(count)]
    await _expect(installation, results)
    return results


def _bodies(results: Sequence[CheckResult]) -> list[bytes]:
    return [msgspec.json.encode(result) for result in results]


async def _events(installation: SmallInstallation) -> list[UUID]:
    return [event.event_id for event in await installation.events()]


async def _dead_letters(installation: SmallInstallation) -> list[tuple[object, ...]]:
    return await installation.rows("SELECT subject, why, messages FROM dead_letter_count ORDER BY why")


async def test_each_result_of_a_message_is_stored_and_has_an_event_of_its_own(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    results = await _rounds(small_installation, MOST_RESULTS)
    await _send(small_installation, _bodies(results), small_installation.signers["de"])
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == MOST_RESULTS
    events = await small_installation.events()
    assert [event.event_id for event in events] == [result.check_id for result in results]
    assert [event.result for event in events] == results
    assert [event.sequence for event in events] == [*range(1, MOST_RESULTS + 1)]


async def test_a_message_that_comes_again_changes_nothing(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    """Whoever can write to the broker sends the signed message again, or an agent's acknowledgement was lost."""
    results = await _rounds(small_installation, 3)
    for _ in range(2):
        await _send(small_installation, _bodies(results), small_installation.signers["de"])
        await ingest_case.drain()
    await small_installation.report(results[1], expected=False)
    await _send(small_installation, _bodies([results[2], results[2], results[0]]))
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == 3
    assert await _events(small_installation) == [result.check_id for result in results]


async def test_what_cannot_be_stored_in_a_message_does_not_hold_up_the_rest(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    results = await _rounds(small_installation, 4)
    monitor = results[0].monitor_id
    nul = a_result(monitor, due_at=results[0].due_at + timedelta(seconds=1), agent="a\x00b")
    await _expect(small_installation, [nul])
    bodies = _bodies(results)
    bad = [
        b'{"checkId": 1}',
        msgspec.json.encode(nul),
        msgspec.json.encode(a_result(monitor, "US")),
        msgspec.json.encode(a_result(uuid4())),
        b"[]",
    ]
    await _send(small_installation, [*bodies[:2], *bad, *bodies[2:]])
    await ingest_case.drain()
    assert await small_installation.value("SELECT count(*) FROM result") == 4
    assert await _events(small_installation) == [result.check_id for result in results]
    assert await _dead_letters(small_installation) == [
        (ALONE, "another_location", 1),
        (ALONE, "not_a_result", 2),
        (ALONE, "unknown_origin", 1),
        (ALONE, "unstorable", 1),
    ]
    kept = {bytes(body) for (body,) in await small_installation.rows("SELECT body FROM dead_letter")}
    assert kept == set(bad), "each by itself, as it came"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff{",
        b"[]",
        b"{}",
        b'{"results": []}',
        b'{"results": 1}',
        b'{"results": ' + b"[" * 100_000,
        b'{"results": [' + b'"' + b"x" * 900_000,
    ],
    ids=["no JSON", "an array", "no results", "none", "a number", "nested too deeply", "huge and cut off"],
)
async def test_a_message_without_readable_results_becomes_one_dead_letter(
    small_installation: SmallInstallation, ingest_case: IngestCase, body: bytes
) -> None:
    results = await _rounds(small_installation, 2)
    await small_installation.bus.publish(Message(TOGETHER, body, "bad"))
    await _send(small_installation, _bodies(results))
    await ingest_case.drain()
    assert await _dead_letters(small_installation) == [(ALONE, "not_a_result", 1)]
    assert await _events(small_installation) == [result.check_id for result in results]


def _with_another_key(_: SmallInstallation) -> LocationSigner:
    return LocationSigner(new_seed(Role.USER))


def _with_the_key_of_another_location(installation: SmallInstallation) -> LocationSigner:
    return installation.signers["us"]


@pytest.mark.parametrize("forge", [_with_another_key, _with_the_key_of_another_location])
async def test_no_result_of_a_message_that_is_signed_by_somebody_else_is_stored(
    small_installation: SmallInstallation, ingest_case: IngestCase, forge: object
) -> None:
    assert callable(forge)
    results = await _rounds(small_installation, 3)
    await _send(small_installation, _bodies(results), forge(small_installation))
    await ingest_case.drain()
    assert await _events(small_installation) == []
    assert await _dead_letters(small_installation) == [(ALONE, "unknown_key", 3)]
    await _send(small_installation, _bodies(results), small_installation.signers["de"])
    await ingest_case.drain()
    assert len(await _events(small_installation)) == 3


async def test_a_signature_holds_for_all_results_of_its_message_and_for_its_subject_only(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    await signatures.require_signatures(small_installation.db, "de", required=True)
    results = await _rounds(small_installation, 3)
    signer, bodies = small_installation.signers["de"], _bodies(results)
    bus = small_installation.bus
    whole = of_results(bodies)
    for subject, body, headers in (
        (TOGETHER, whole, {}),
        (TOGETHER, whole, signer.result(ALONE, whole)),
        (TOGETHER, whole, signer.heartbeat(TOGETHER, whole)),
        (TOGETHER, of_results(bodies[:2]), signer.result(TOGETHER, whole)),
        (ALONE, bodies[0], signer.result(TOGETHER, bodies[0])),
    ):
        await bus.publish(Message(subject, body, str(uuid4()), headers=headers))
    await ingest_case.drain()
    assert await _events(small_installation) == []
    assert await _dead_letters(small_installation) == [
        (ALONE, RejectionReason.UNSIGNED, 3),
        (ALONE, RejectionReason.WRONG_SIGNATURE, 9),
    ]


async def test_unexpected_results_of_a_message_are_refused_one_by_one(
    result_case: ResultCase, ingest_case: IngestCase
) -> None:
    installation = result_case.installation
    good = a_result(result_case.monitor, due_at=result_case.round(timedelta(minutes=1)))
    invented = a_result(result_case.monitor, due_at=good.due_at + timedelta(milliseconds=1))
    triggered = a_result(result_case.monitor, due_at=good.due_at, purpose=Purpose.TRIGGERED)
    await _send(installation, _bodies([invented, good, triggered]))
    await ingest_case.drain()
    assert await _events(installation) == [good.check_id]
    assert await _dead_letters(installation) == [(ALONE, "not_expected", 2)]


async def test_a_controller_that_dies_in_the_middle_leaves_no_result_out_and_none_twice(
    small_installation: SmallInstallation, ingest_case: IngestCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has stored the first half of a message and published nothing; the next one gets the whole message."""
    results = await _rounds(small_installation, 10)
    await _send(small_installation, _bodies(results))
    calls = 0

    async def dying(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("killed")
        return await store_expected(*given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ingestor_module, "BATCH", 5)
        patched.setattr(ingestor_module, "store_expected", dying)
        dead = Ingestor(small_installation.db, small_installation.bus)
        consumer = await small_installation.bus.consumer(subjects.RESULTS, subjects.INGEST_BATCHES)
        with pytest.raises(RuntimeError, match="killed"):
            await dead.ingest_batch(consumer)
        await consumer.close()
    assert await small_installation.value("SELECT count(*) FROM result") == 5
    assert await small_installation.events() == []
    await _send(small_installation, _bodies(results))  # as the broker delivers the message again half a minute later
    await ingest_case.ingestor.ingest_batch(ingest_case.batches)
    await small_installation.value("UPDATE unpublished_results SET noted_at = noted_at - interval '1 minute'")
    await publish_left(small_installation.db, small_installation.bus)
    assert sorted(await _events(small_installation)) == sorted(result.check_id for result in results)


async def test_batches_are_stored_and_published_in_the_order_in_which_they_came_while_they_overlap(
    small_installation: SmallInstallation,
) -> None:
    results = await _rounds(small_installation, 1200)
    ingestor = Ingestor(small_installation.db, small_installation.bus)
    for start in range(0, len(results), 40):
        await _send(small_installation, _bodies(results[start : start + 40]), small_installation.signers["de"])
    ingesting = asyncio.create_task(ingestor.ingest())
    try:

        async def stored() -> bool:
            assert not ingesting.done(), ingesting.exception()
            return (await small_installation.bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 0

        await eventually(stored)
    finally:
        ingesting.cancel()
        with suppress(asyncio.CancelledError):
            await ingesting
    events = await small_installation.events()
    assert [event.event_id for event in events] == [result.check_id for result in results]
    assert [event.sequence for event in events] == [*range(1, 1201)]
    assert await small_installation.value("SELECT count(*) FROM unpublished_results") == 0
    assert len(results) > BATCH


async def test_a_message_with_far_too_many_parts_is_one_dead_letter(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    await _send(small_installation, [b"0"] * 100_000)
    await ingest_case.drain()
    assert await _dead_letters(small_installation) == [(ALONE, RejectionReason.NOT_A_RESULT, 1)]


async def test_a_location_may_be_called_batch(small_installation: SmallInstallation, ingest_case: IngestCase) -> None:
    await small_installation.value("UPDATE location SET code = 'batch' WHERE code = 'de'")
    result = a_result(await small_installation.monitor())
    result = msgspec.structs.replace(
        result,
        location="batch",
        check_id=check_id(result.monitor_id, to_ms(result.due_at), "batch", result.purpose),
    )
    await _expect(small_installation, [result], "batch")
    subject = subjects.result("DE", "batch")
    await small_installation.bus.publish(Message(subject, msgspec.json.encode(result), str(result.check_id)))
    await ingest_case.drain()
    assert await _events(small_installation) == [result.check_id]
