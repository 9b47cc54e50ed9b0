"""The part of a nats-server's configuration that makes it trust this installation's keys."""

from __future__ import annotations

from datetime import datetime

from controller.trust.account import FIRST, Side, account_claims, account_key
from controller.trust.claims import operator_claims, system_claims
from controller.trust.keys import Trust
from shared.nats.nkeys import public_key


def server_config(trust: Trust, now: datetime) -> str:
    """It holds no secret. The server also needs a `resolver` of type full, which stores later claims."""
    return (
        f"operator: {operator_claims(trust, now)}\n"
        f"system_account: {public_key(trust.system_account)}\n"
        "resolver_preload: {\n"
        f"  {public_key(trust.system_account)}: {system_claims(trust, now)}\n"
        f"  {account_key(trust, Side.CONTROLLERS)}: {account_claims(trust, Side.CONTROLLERS, FIRST)}\n"
        f"  {account_key(trust, Side.GUESTS)}: {account_claims(trust, Side.GUESTS, FIRST)}\n"
        "}\n"
        # Without this, a leaf server of a region would answer JetStream requests itself, although it has no JetStream.
        f'default_js_domain: {{ {account_key(trust, Side.GUESTS)}: "" }}\n'
    )
