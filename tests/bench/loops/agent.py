"""What holds up an agent's loop at its default pace, with servers in clear and under TLS."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from controller.broker.streams import ensure_check_consumer
from shared.clock import utc_now
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.rounds import Purpose
from shared.wire.signing import Signer
from shared.wire.targets import Target, TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.bench.figures import Figures
from tests.bench.loops.controller import figures
from tests.bench.loops.installation import watched
from tests.bench.processes import child_process, servers
from tests.bench.responder import ADDRESS
from tests.fakes.certificates import Certificates
from tests.fakes.context import PRIVATE_KEY
from tests.fakes.installation import enrolled, variables

_LONGEST_SECONDS = 300.0
_NO_DELAY = ("0", "0", "0")


async def measure(count: int) -> Figures:
    certificates = Certificates()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        roots, chain, key = certificates.write(folder)
        async with (
            child_process("tests.bench.responder") as clear,
            child_process("tests.bench.slow_server", *_NO_DELAY, str(chain), str(key)) as trusted,
            servers() as started,
        ):
            await ensure_check_consumer(started.bus, country="DE", location="de", kind="smtp")
            targets = [
                SmtpTarget(host=ADDRESS, port=int(clear), tls=TlsMode.NONE),
                SmtpTarget(host=ADDRESS, port=int(trusted), tls=TlsMode.IMPLICIT),
            ]
            signer = Signer(started.trust.requests[0])
            requests = [_request(signer, targets[number % len(targets)]) for number in range(count)]
            settings = {
                "ALLOW_NETWORKS": "127.0.0.0/8",
                "CA_FILE": str(roots),
                "PROCESSES": "1",
                "PORT25_HOSTS": "none",
                "CONTROL_NAME": "localhost",
                "LOG_LEVEL": "warning",
            }
            enrolment = enrolled(started.nats_url, started.trust, PRIVATE_KEY)
            given = {name.removeprefix("MAILPROBE_"): value for name, value in variables(enrolment).items()}
            async with watched(folder / "agent.json", ["agent", "run"], given | settings) as program:
                program.phase("checks")
                await started.bus.publish_all(requests)
                await _until_stored(started.bus, count)
            return figures(program.report())


def _request(signer: Signer, target: Target) -> Message:
    now = utc_now()
    request = CheckRequest(
        check_id=uuid4(),
        monitor_id=uuid4(),
        location="de",
        country="DE",
        purpose=Purpose.SCHEDULED,
        due_at=now,
        start_by=now + timedelta(seconds=_LONGEST_SECONDS),
        timeout_seconds=10,
        target=target,
    )
    subject, body = subjects.check("DE", "de", "smtp"), msgspec.json.encode(request)
    return Message(subject, body, str(request.check_id), headers=signer.headers(subject, body))


async def _until_stored(bus: Bus, count: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while (await bus.client.jsm().stream_info(subjects.RESULTS)).state.messages < count:
            await asyncio.sleep(0.1)
