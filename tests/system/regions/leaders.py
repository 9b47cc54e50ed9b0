"""What a server of NATS says about who leads."""

from __future__ import annotations

import httpx


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
