"""The part of a nats-server's configuration that makes it trust this installation's keys."""

from __future__ import annotations

from datetime import datetime

from controller.trust import account
from controller.trust.account import FIRST, account_claims
from controller.trust.claims import operator_claims, system_claims
from controller.trust.keys import Trust
from shared.nats.nkeys import public_key


def server_config(trust: Trust, now: datetime) -> str:
    """It holds no secret. The server also needs a `resolver` of type full, which stores later claims."""
    system, guests = public_key(trust.system_account), account.shared(trust)
    known = [(one.key, account_claims(trust, one, FIRST)) for one in (account.of_controllers(trust), guests)]
    preloaded = [(system, system_claims(trust, now)), *known]
    return (
        f"# Logins of agents are signed with {public_key(trust.locations)}.\n"
        f"operator: {operator_claims(trust, now)}\n"
        f"system_account: {system}\n"
        "resolver_preload: {\n" + "".join(f"  {key}: {claims}\n" for key, claims in preloaded) + "}\n"
        # Lets leaf servers of earlier versions reach JetStream, and agents that log in to them with the shared account.
        f'default_js_domain: {{ {guests.key}: "" }}\n'
    )
