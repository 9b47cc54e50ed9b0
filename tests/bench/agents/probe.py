"""What one whole plain SMTP check (`run_check`) costs, beside the dialogues of aiosmtplib and of a raw stream."""

from __future__ import annotations

from statistics import median

import aiosmtplib

from agent.checks.runner import run_check
from shared.wire.messages import ResultStatus
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.bench.agents import raw_dialogue
from tests.bench.figures import Figures, Rate, rate
from tests.bench.processes import child_process
from tests.bench.responder import ADDRESS
from tests.fakes.certificates import Certificates
from tests.fakes.context import CLIENT_NAME, context, request

ROUND_SECONDS = 1.2


async def measure(rounds: int) -> Figures:
    """Checks a second, and a second of CPU, medians of `rounds`. Ratios are of CPU; above 1 ours uses less."""
    ours: list[Rate] = []
    theirs: list[Rate] = []
    raw: list[Rate] = []
    async with child_process("tests.bench.responder") as line, context(Certificates()) as probe_context:
        port = int(line)
        target = SmtpTarget(host=ADDRESS, port=port, tls=TlsMode.NONE)

        async def check() -> None:
            result = await run_check(request(target), probe_context)
            assert result.status is ResultStatus.SUCCESS, result

        async def dialogue() -> None:
            client = aiosmtplib.SMTP(
                hostname=ADDRESS, port=port, local_hostname=CLIENT_NAME, start_tls=False, use_tls=False, timeout=5
            )
            await client.connect()
            await client.ehlo()
            await client.quit()

        for _ in range(rounds):
            ours.append(await rate(check, seconds=ROUND_SECONDS, at_once=raw_dialogue.AT_ONCE))
            theirs.append(await rate(dialogue, seconds=ROUND_SECONDS, at_once=raw_dialogue.AT_ONCE))
            raw.append(await raw_dialogue.dialogues(port, seconds=ROUND_SECONDS))
    return {
        "run_check": _median(ours),
        "aiosmtplib": _median(theirs),
        "raw": _median(raw),
        "ratio_to_aiosmtplib": _ratio(ours, theirs),
        "ratio_to_raw": _ratio(ours, raw),
    }


def _median(rates: list[Rate]) -> dict[str, int]:
    return {
        "per_second": round(median(each.per_second for each in rates)),
        "per_cpu_second": round(median(each.per_cpu_second for each in rates)),
    }


def _ratio(ours: list[Rate], baseline: list[Rate]) -> float:
    return round(
        median(each.per_cpu_second for each in ours) / median(each.per_cpu_second for each in baseline),
        2,
    )
