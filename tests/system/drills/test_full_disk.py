"""The disk of NATS fills up under a running product: this is noticed and reported, nothing but NATS is restarted when
there is room again, and every check is accounted for.
"""

from __future__ import annotations

import asyncio
import time

import asyncpg
import pytest

from tests.fakes.folders import data_folder
from tests.fakes.small_disk import fill, make_room, small_disk
from tests.fakes.smtp_sink import SmtpSink
from tests.system.drills.drill import Drill
from tests.system.product import eventually

OPS = "ops@example.net"
_MEBIBYTES = 32
_MONITORS = 40
_FULL_SECONDS = 20.0


async def _dead_letters(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM dead_letter"))
    finally:
        await connection.close()


@pytest.mark.long
def test_a_full_disk_of_nats_is_noticed_and_costs_only_what_could_not_be_checked() -> None:
    with (
        SmtpSink() as sink,
        data_folder() as folder,
        small_disk(folder / "data" / "nats" / "jetstream", _MEBIBYTES) as disk,
    ):
        drill = Drill(folder, _MONITORS)
        drill.product.settings = {
            "MAILPROBE_SMTP_HOST": "127.0.0.1",
            "MAILPROBE_SMTP_PORT": str(sink.port),
            "MAILPROBE_SMTP_FROM": "mailprobe@example.net",
            "MAILPROBE_OPS_EMAIL": OPS,
        }
        with drill:
            api = drill.product.api

            def missing() -> list[str]:
                answer = api.get("/readyz")
                return list(answer.json()["data"]["missing"]) if answer.status_code == 503 else []

            def subjects() -> list[str]:
                return [mail.message["Subject"] for mail in sink.received]

            time.sleep(5)
            pids = drill.product.record["pids"]
            fill(disk)
            eventually(lambda: "checks" in missing(), "/readyz names the stream", 30)
            eventually(subjects, "ops are notified")
            time.sleep(_FULL_SECONDS)
            assert "checks" in missing()
            make_room(disk)
            eventually(lambda: not missing(), "NATS stores again")
            eventually(lambda: any(each.startswith("NATS stores again") for each in subjects()), "and ops know")
            balance = drill.balance()
            dead_letters = asyncio.run(_dead_letters(drill.product.record["databaseUrl"]))
            changed = {part for part, pid in drill.product.record["pids"].items() if pids[part] != pid}
    assert changed == {"nats"}
    assert dead_letters == 0
    assert not balance.problems, str(balance)
    assert balance.gaps["broker_refused"] > _MONITORS
    assert balance.gaps["late"] == 0
    assert balance.gaps["no_result"] < balance.expected / 4  # requests and results that were on their way
