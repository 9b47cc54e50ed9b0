"""A change of many monitors, and changes of what some of them depend on, at the same moment."""

from __future__ import annotations

import asyncio

from tests.integration.api.conftest import Api
from tests.integration.api.our_monitors.asking import body

MONITORS = "/api/v1/monitors"
_TIMES = 60


async def _made(api: Api, count: int) -> list[str]:
    """Ids of new monitors, oldest first."""
    found = []
    for number in range(count):
        answer = await api.client.post(MONITORS, json=body(name=f"Monitor {number}"))
        assert answer.status_code == 201, answer.text
        found.append(answer.json()["id"])
    return found


async def test_neither_waits_for_the_other_for_ever(api: Api) -> None:
    """PostgreSQL ends a deadlock by refusing one of both, which is an answer of 500."""
    ids = await _made(api, 3)
    oldest, *newer = ids
    for turn in range(_TIMES):
        even = turn % 2 == 0
        answers = await asyncio.gather(
            api.client.post(f"{MONITORS}/bulk", json={"ids": ids, "change": {"enabled": even}}),
            *(api.client.patch(f"{MONITORS}/{one}", json={"dependsOn": [oldest] if even else []}) for one in newer),
        )
        assert [one.status_code for one in answers] == [200] * len(answers), [one.text for one in answers]


async def test_nor_do_two_that_set_dependencies(api: Api) -> None:
    """What one monitor depends on, and what many do: no circle comes of both, and each is made or refused."""
    first, second, third = await _made(api, 3)
    for _ in range(_TIMES):
        answers = await asyncio.gather(
            api.client.post(f"{MONITORS}/bulk", json={"ids": [third, second], "change": {"dependsOn": [first]}}),
            api.client.patch(f"{MONITORS}/{first}", json={"dependsOn": [third]}),
            api.client.post(f"{MONITORS}/bulk", json={"ids": [first, second], "change": {"enabled": True}}),
        )
        codes = [one.status_code for one in answers]
        assert sorted(codes) == [200, 200, 400], [one.text for one in answers]
        assert codes[2] == 200
        await api.client.post(f"{MONITORS}/bulk", json={"ids": [first, second, third], "change": {"dependsOn": []}})
