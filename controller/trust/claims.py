"""The claims of the users that log in to the broker, of the operator and of the system account. The claims of the other
accounts are in `controller.trust.account`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from controller.trust import rights
from controller.trust.jwt import sign
from controller.trust.keys import Trust
from shared.nats.credentials import Credentials
from shared.nats.nkeys import Role, derived_seed, new_seed, public_key
from shared.secret import Secret

NO_LIMITS = {"subs": -1, "data": -1, "payload": -1}
ACCOUNT_LIMITS = NO_LIMITS | {"imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}


def operator_claims(trust: Trust, now: datetime) -> str:
    return sign(
        trust.operator,
        public_key(trust.operator),
        "mailprobe",
        {"type": "operator", "version": 2, "system_account": public_key(trust.system_account)},
        now,
    )


def system_claims(trust: Trust, now: datetime) -> str:
    """The account of the server's own subjects, through which claims are changed while the server runs."""
    return sign(
        trust.operator,
        public_key(trust.system_account),
        "system",
        {"type": "account", "version": 2, "limits": ACCOUNT_LIMITS},
        now,
    )


def location_account(trust: Trust, location: str) -> Secret:
    """The seed of a location's account, the same one for all of its keys."""
    return derived_seed(Role.ACCOUNT, trust.guests, f"location {location}")


def subscriber_account(trust: Trust, durable: str) -> Secret:
    """The seed of the account of the subscriber with this consumer."""
    return derived_seed(Role.ACCOUNT, trust.guests, f"subscriber {durable}")


def location_credentials(trust: Trust, *, location: str, country: str, now: datetime) -> Credentials:
    """New credentials for the agents of a location, in its own account. They do not expire."""
    claims = {
        "type": "user",
        "version": 2,
        "issuer_account": public_key(location_account(trust, location)),
        "tags": [f"location:{location}", f"country:{country.lower()}"],
    }
    return _user(trust.locations, f"location {location}", claims, now)


def controller_credentials(trust: Trust, now: datetime) -> Credentials:
    """New credentials for a controller's own connection, which may do everything in the account."""
    return _user(trust.account, "controller", {"type": "user", "version": 2} | NO_LIMITS, now)


def system_credentials(trust: Trust, now: datetime) -> Credentials:
    """New credentials for changing claims on a running server."""
    return _user(trust.system_account, "controller", {"type": "user", "version": 2} | NO_LIMITS, now)


def subscriber_credentials(
    trust: Trust, *, name: str, subject: str, durable: str, now: datetime, until: datetime
) -> Credentials:
    """New credentials to read events of `subject`, live and by the consumer `durable` of EVENTS, until `until`. They
    are for the subscriber's own account, which servers must know before (controller.pipeline.nats_accounts).
    """
    claims = {"type": "user", "version": 2} | NO_LIMITS | rights.subscriber_rights(subject, durable)
    return _user(subscriber_account(trust, durable), name, claims, now, until)


def _user(
    signer: Secret, name: str, claims: dict[str, Any], now: datetime, until: datetime | None = None
) -> Credentials:
    seed = new_seed(Role.USER)
    user = public_key(seed)
    return Credentials(jwt=sign(signer, user, name, claims, now, until), seed=seed, user=user)
