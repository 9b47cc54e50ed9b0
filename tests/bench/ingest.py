"""How many results a second one controller stores and tells, and how much room they take."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

import msgspec

from controller.pipeline.ingestor import Ingestor
from controller.pipeline.janitor import prepare_partitions
from controller.store.pool import Database
from shared import subjects
from shared.bus import Bus, Message
from shared.clock import utc_now
from shared.failures import Phase
from shared.messages import CheckResult, PhaseTiming
from shared.rounds import Purpose, check_id, to_ms

_PHASES = (Phase.RESOLVE, Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.STARTTLS, Phase.TLS, Phase.EHLO, Phase.QUIT)


async def measure(db: Database, bus: Bus, *, monitors: int, rounds: int) -> dict[str, float]:
    """Ingest `rounds` results of each monitor from one location, beside bare storing of as many (the baseline)."""
    await prepare_partitions(db)
    async with db.connection() as connection:
        organization = await connection.fetchval("INSERT INTO organization (name) VALUES ('o') RETURNING id")
        customer = await connection.fetchval(
            "INSERT INTO customer (organization_id, name) VALUES ($1, 'c') RETURNING id", organization
        )
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ('de', '', 'DE', '')"
        )
        rows = await connection.fetch(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, config) SELECT $1, $2, 'smtp', 'm', 'h', 'disabled', 60, 30, '{}'"
            " FROM generate_series(1, $3) RETURNING public_id",
            organization,
            customer,
            monitors,
        )
    start = utc_now()
    results = [
        a_result(row["public_id"], to_ms(start - timedelta(seconds=60 * n))) for n in range(rounds) for row in rows
    ]
    size = -await _size(db)
    await bus.publish_all(
        [Message(subjects.result("DE", "de"), msgspec.json.encode(result), str(result.check_id)) for result in results]
    )
    consumer = await bus.consumer(subjects.RESULTS, subjects.INGEST)
    ingestor = Ingestor(db, bus)
    wall, cpu = time.monotonic(), time.process_time()
    while (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages:
        for _ in range(8):
            await ingestor.ingest_batch(consumer)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    await consumer.close()
    size += await _size(db)
    return {
        "results": len(results),
        "monitors": monitors,
        "per_second": round(len(results) / wall),
        "per_cpu_second": round(len(results) / cpu),
        "mib_per_million": round(size / len(results) * 1e6 / 2**20, 1),
    }


def a_result(monitor: UUID, due_ms: int) -> CheckResult:
    """What a passed check with STARTTLS reports."""
    due = utc_now().fromtimestamp(due_ms / 1000, tz=utc_now().tzinfo)
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
        phases=[PhaseTiming(phase=phase, start_ms=15.123 * n, duration_ms=14.987) for n, phase in enumerate(_PHASES)],
        address="192.0.2.1",
        facts={"banner": "smtp.example.com ESMTP", "tlsVersion": "TLSv1.3", "tlsCipher": "TLS_AES_256_GCM_SHA384"},
    )


async def _size(db: Database) -> int:
    async with db.connection() as connection:
        total: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    return total
