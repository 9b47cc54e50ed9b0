"""A subscriber with credentials and a durable consumer, killed again and again, must still record each event once.

python -m tests.system.subscriber SERVER CREDENTIALS CONSUMER FILE     appends the id of each new result to the file

Until a byte comes on its standard input it is killed with -9 every few seconds and started anew; when the input ends it
is killed once more and then reads what is left.
"""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import msgspec
import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from shared.wire import subjects
from shared.wire.messages import Event, EventType

_RUN_SECONDS = 4.0
_READ = "--read"
_REST = "--rest"


def keep(arguments: list[str]) -> None:
    """The outer process: runs the inner one again and again, and a last time until it ends by itself."""
    command = [sys.executable, "-m", "tests.system.subscriber"]
    over = False
    while not over:
        run = subprocess.Popen([*command, _READ, *arguments], stdin=subprocess.DEVNULL)
        spared = bool(select.select([sys.stdin], [], [], _RUN_SECONDS)[0])
        # Unacknowledged events come again after half a minute, so the last run is not killed while checks are settled.
        while spared and not over:
            over = not os.read(sys.stdin.fileno(), 1)
        run.kill()
        run.wait()
    subprocess.run([*command, _REST, *arguments], stdin=subprocess.DEVNULL, check=True, timeout=100)


async def read(server: str, credentials: str, consumer: str, known: set[UUID], written: int, *, for_ever: bool) -> None:
    """Record each event before acknowledging it. One that comes again after a kill in between is known by its id."""
    client = await nats.connect(
        server,
        user_credentials=credentials,
        inbox_prefix=subjects.inbox(consumer),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,
    )
    stream = client.jetstream(domain=subjects.DOMAIN)
    events = await stream.pull_subscribe_bind(durable=consumer, stream=subjects.EVENTS)
    while for_ever or await _is_left(events):
        try:
            messages = await events.fetch(100, timeout=1)
        except (NatsError, TimeoutError):
            continue
        for message in messages:
            if message.subject.endswith(f".{EventType.RESULT}"):
                event = msgspec.json.decode(message.data, type=Event)
                if event.event_id not in known:
                    known.add(event.event_id)
                    os.write(written, f"{event.event_id}\n".encode())
            await message.ack()
    await client.drain()


async def _is_left(events: JetStreamContext.PullSubscription) -> bool:
    """Includes what an earlier run got and did not acknowledge, which comes again after half a minute."""
    try:
        known = await events.consumer_info()
    except (NatsError, TimeoutError):
        return True
    return bool(known.num_pending or known.num_ack_pending)


if __name__ == "__main__":
    if sys.argv[1] in (_READ, _REST):
        way, server, credentials, consumer, name = sys.argv[1:]
        file = Path(name)
        file.touch(mode=0o600)
        known = {UUID(line) for line in file.read_text().splitlines()}
        written = os.open(file, os.O_WRONLY | os.O_APPEND)
        asyncio.run(read(server, credentials, consumer, known, written, for_ever=way == _READ))
    else:
        keep(sys.argv[1:])
