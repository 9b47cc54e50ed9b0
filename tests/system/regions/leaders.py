"""What servers of NATS say about who leads."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

_HELP_SECONDS = 60
"""How long a cluster may be unhealthy before its servers are restarted, as docs/operations.md says. Very rarely
nats-server 2.15.1 elects no leader for a stream after deaths that follow each other, however long one waits.
"""


def leaders_seen_at(url: str) -> dict[str, str]:
    """The leaders as the server with this address of `/jsz` knows them: of `meta` (the cluster itself), of streams and
    of durable consumers; empty when it does not answer.
    """
    try:
        found = httpx.get(url, params={"consumers": "true", "config": "true"}, timeout=10, trust_env=False).json()
    except httpx.HTTPError:
        return {}
    led = {"meta": found.get("meta_cluster", {}).get("leader", "")}
    for account in found.get("account_details", ()):
        for stream in account.get("stream_detail", ()):
            led[stream["name"]] = stream["cluster"].get("leader", "")
            durable = [one for one in stream.get("consumer_detail") or () if one["config"].get("durable_name")]
            for consumer in durable:
                led[f"{stream['name']}/{consumer['name']}"] = consumer["cluster"].get("leader", "")
    return led


def until_all_is_led(
    leaders: Callable[[], dict[str, list[str]]],
    unhealthy: Callable[[], list[str]],
    restart: Callable[[], None],
    seconds: float,
) -> dict[str, list[str]]:
    """What each server leads, once none is unhealthy and nothing is without a leader (at ""). `restart` is called once,
    when they have not recovered by themselves; an assertion says what is still missing after `seconds`.
    """
    begun = time.monotonic()
    is_restarted = False
    while True:
        led, sick = leaders(), unhealthy()
        without = led.pop("")
        if not without and not sick:
            return led
        lasted = time.monotonic() - begun
        assert lasted < seconds, f"not within {seconds} s: unhealthy {sick}, without a leader {without}"
        if lasted > _HELP_SECONDS and not is_restarted:
            print(f"restart {sick}, because nothing leads {without}")
            restart()
            is_restarted = True
        time.sleep(0.1)
