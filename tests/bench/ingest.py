"""How many results a second one controller stores and publishes, and how much disk space they take."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import msgspec

from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ingestor import BATCH, Ingestor
from controller.store.checks.results import store_results
from controller.store.platform.pool import Database
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Bus, Message
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.wire import subjects
from shared.wire.batches import of_results
from shared.wire.failures import Phase
from shared.wire.messages import CheckResult, PhaseTiming
from shared.wire.rounds import Purpose, check_id, phase_ms
from tests.bench.figures import Figures, Meter
from tests.bench.processes import servers

_PHASES = (Phase.RESOLVE, Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.STARTTLS, Phase.TLS, Phase.EHLO, Phase.QUIT)
_TIMINGS = [PhaseTiming(phase=phase, start_ms=15.123 * n, duration_ms=14.987) for n, phase in enumerate(_PHASES)]
_MONITORS = 10_000
_TOGETHER = 32
_INTERVAL = timedelta(seconds=60)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_SECONDS = 600.0
SUBJECT = subjects.result("DE", "de")
SIGNER = LocationSigner(new_seed(Role.USER))


async def measure(count: int) -> Figures:
    """Ingest `count` results. The baseline stores as many in the same batches, without broker and events."""
    async with servers() as started:
        await prepare_partitions(started.db)
        known = await _monitors(started.db, min(_MONITORS, count))
        now = now_ms()
        results = a_history(known, count, until_ms=now)
        rounds = -(-count // len(known))
        others = a_history(known, count, until_ms=now - rounds * _INTERVAL // _MILLISECOND)

        before = await _size(started.db)
        bare, bare_cpu = await _store(started.db, others)
        size = await _size(started.db) - before
        await started.bus.publish_all(_messages(results))
        meter = Meter(started.pids)
        wall, cpu = await _ingest(started.db, started.bus)
        beside = meter.cpu()
        async with started.db.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM result") == 2 * count
        assert (await started.bus.client.jsm().stream_info(subjects.EVENTS)).state.messages == count
    return {
        "ingested_per_second": round(count / wall),
        "baseline_store_results_per_second": round(count / bare),
        "ratio": round(bare / wall, 2),
        "cpu_us_per_result": {
            "controller": round(1e6 * cpu / count),
            "of_it_store_results": round(1e6 * bare_cpu / count),
            **{name: round(1e6 * seconds / count) for name, seconds in beside.items()},
        },
        "database_mib_per_million_results": round(size / count * 1e6 / 2**20),
    }


def _messages(results: list[CheckResult]) -> list[Message]:
    """As a busy agent sends them: so many in a message."""
    subject, messages = subjects.batch_of(SUBJECT), []
    for start in range(0, len(results), _TOGETHER):
        some = results[start : start + _TOGETHER]
        body = of_results([msgspec.json.encode(one) for one in some])
        messages.append(Message(subject, body, str(some[0].check_id), headers=SIGNER.result(subject, body)))
    return messages


async def _ingest(db: Database, bus: Bus) -> tuple[float, float]:
    """Seconds of clock and of CPU until RESULTS is empty, that is, until every result is acknowledged."""
    ingestor = Ingestor(db, bus)
    began, cpu = time.monotonic(), time.process_time()
    ingesting = asyncio.create_task(ingestor.ingest())
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            while (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages:
                assert not ingesting.done(), ingesting.exception()
                await asyncio.sleep(0.02)
        return time.monotonic() - began, time.process_time() - cpu
    finally:
        ingesting.cancel()
        await asyncio.wait([ingesting])


async def _store(db: Database, results: list[CheckResult]) -> tuple[float, float]:
    began, cpu = time.monotonic(), time.process_time()
    for start in range(0, len(results), BATCH):
        stored = await store_results(db, results[start : start + BATCH])
        assert all(stored)
    return time.monotonic() - began, time.process_time() - cpu


async def _monitors(db: Database, count: int) -> list[UUID]:
    """Monitors that are all up, so that their results are stored and published but need no evaluation."""
    async with db.connection() as connection:
        organization = await connection.fetchval("INSERT INTO organization (name) VALUES ('o') RETURNING id")
        customer = await connection.fetchval(
            "INSERT INTO customer (organization_id, name) VALUES ($1, 'c') RETURNING id", organization
        )
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key, created_at)"
            " VALUES ('de', '', 'DE', '', now() - interval '1 day')"
        )
        await connection.execute(
            "INSERT INTO location_key (location_id, sealing_key, nats_user) SELECT id, '', $1 FROM location",
            SIGNER.user,
        )
        rows = await connection.fetch(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, config, target_changed_at)"
            " SELECT $1, $2, 'smtp', 'm', 'h', 'active', 60, 30, '{}', now() - interval '1 day'"
            " FROM generate_series(1, $3) RETURNING public_id",
            organization,
            customer,
            count,
        )
        await connection.execute(
            "INSERT INTO monitor_state (monitor_id, state, verdict, stable)"
            " SELECT id, '{\"verdict\": \"up\"}', 'up', true FROM monitor"
        )
    return [row["public_id"] for row in rows]


def a_history(monitors: list[UUID], count: int, *, until_ms: int) -> list[CheckResult]:
    """Results of past rounds, monitor after monitor; their due times are real rounds, which the ingestor requires."""
    step = _INTERVAL // _MILLISECOND
    last = [until_ms - (until_ms - phase_ms(monitor, step)) % step for monitor in monitors]
    return [a_result(monitors[n % len(last)], last[n % len(last)] - n // len(last) * step) for n in range(count)]


def a_result(monitor: UUID, due_ms: int) -> CheckResult:
    """The result of a passed check with STARTTLS."""
    due = to_datetime(due_ms)
    return CheckResult(
        check_id=check_id(monitor, due_ms, "de", Purpose.SCHEDULED),
        monitor_id=monitor,
        location="de",
        country="DE",
        agent="agent-1",
        purpose=Purpose.SCHEDULED,
        due_at=due,
        started_at=due,
        duration_ms=123.456,
        phases=_TIMINGS,
        address="192.0.2.1",
        facts={"banner": "smtp.example.com ESMTP", "tlsVersion": "TLSv1.3", "tlsCipher": "TLS_AES_256_GCM_SHA384"},
    )


async def _size(db: Database) -> int:
    async with db.connection() as connection:
        await connection.execute("CHECKPOINT")
        total: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    return total
