"""An agent that is restarted goes on to withhold a login that was refused."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from agent.net.tls import Trust
from shared.nats.bus import Bus
from shared.wire.enrolment import Enrolment
from shared.wire.targets import TlsMode
from tests.fakes.context import request
from tests.fakes.scripted_server import Script, playing
from tests.integration.agent.running_agent import agent, results, send_request, target

REFUSING: Script = (
    "S: 220 x",
    "C: EHLO",
    "S: 250-x",
    "S: 250 AUTH PLAIN",
    "C: AUTH PLAIN",
    "S: 535 5.7.8 no",
    "C: QUIT",
)
ONLY_GREETING: Script = ("S: 220 x", "C: EHLO", "S: 250-x", "S: 250 AUTH PLAIN", "C: QUIT", "S: 221 x")


async def test_an_agent_withholds_a_refused_login_after_its_restart(
    enrolment: Enrolment, ready: Bus, trust: Trust, tmp_path: Path
) -> None:
    monitor = uuid4()
    async with playing(REFUSING) as server:
        withheld = []
        for script in (REFUSING, REFUSING, REFUSING, ONLY_GREETING):
            server.script = script
            async with agent(enrolment, trust, state_folder=tmp_path / "state"):
                login = ("anna", "hunter2")
                await send_request(
                    ready,
                    request(target(server, tls=TlsMode.NONE), login=login, monitor_id=monitor, timeout_seconds=20),
                )
                [result] = await results(ready, 1)
                withheld.append(result.login_withheld)
    assert withheld == [False, False, False, True]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["refused-logins-de.json"]
