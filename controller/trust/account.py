"""The claims of the two accounts on the broker. The controllers' account owns the streams and exports what others may
use. The guests' account holds agents and subscribers, with their rights and the list of revoked users.

An agent's rights are a template for every user signed with the key for locations, so that a new version can extend
them without new enrolment files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from controller.trust import rights
from controller.trust.claims import ACCOUNT_LIMITS, NO_LIMITS
from controller.trust.jwt import Claims, read, sign
from controller.trust.keys import Trust
from shared.nats.nkeys import public_key

_JETSTREAM_LIMITS = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
_FOR_EVER = 253_402_300_799  # the last second of the year 9999
_REVISION = "rights:"

FIRST = datetime.fromtimestamp(1, UTC)
"""The creation time of the claims in a server's configuration. It lies before all others, so that these claims never
replace later ones, and a restart of the server never admits a revoked user.
"""


class Side(StrEnum):
    """Which of the two accounts. The values are the names that servers log."""

    CONTROLLERS = "mailprobe"
    GUESTS = "mailprobe-guests"


def account_key(trust: Trust, side: Side) -> str:
    """The public key of an account, which is its name on the broker."""
    return public_key(trust.account if side is Side.CONTROLLERS else trust.guests)


def account_claims(trust: Trust, side: Side, now: datetime, revoked: Iterable[str] = ()) -> str:
    """The signed claims of an account, with these users revoked."""
    return _signed(trust, side, _account(trust, side, revoked), now)


def correction(trust: Trust, side: Side, published: Sequence[str], revoked: Iterable[str], now: datetime) -> str | None:
    """The claims to publish when servers hold `published` for the account; None when all servers hold the right ones.

    Newer rights, published by a controller of a newer version, are kept: two versions run side by side during an
    update.
    """
    known = [_read(trust, side, token) for token in published]
    claims = _account(trust, side, revoked)
    newest = max((one.nats for one in known if one), key=_revision, default=claims)
    if _revision(newest) > _revision(claims):
        claims = {name: value for name, value in newest.items() if name != "revocations"} | _revocations(revoked)
    if known and all(one is not None and one.nats == claims for one in known):
        return None
    # Servers of a split cluster agree on the latest claims, so new ones must be later, whatever a clock says.
    latest = max((one.iat for one in known if one), default=0)
    return _signed(trust, side, claims, max(now, datetime.fromtimestamp(latest, UTC) + timedelta(seconds=1)))


def _account(trust: Trust, side: Side, revoked: Iterable[str]) -> dict[str, Any]:
    account = {"type": "account", "version": 2, "tags": [f"{_REVISION}{rights.REVISION}"]}
    if side is Side.CONTROLLERS:
        services = [_shared_subject("service", one.subject) | {"response_type": "Stream"} for one in rights.SERVICES]
        streams = [_shared_subject("stream", subject) for subject in rights.STREAMS]
        limits = ACCOUNT_LIMITS | _JETSTREAM_LIMITS | {"disallow_bearer": True}
        return account | {"limits": limits, "exports": services + streams} | _revocations(revoked)
    home = {"account": account_key(trust, Side.CONTROLLERS)}
    imports = [
        _shared_subject("service", one.subject) | _local_name(one.local_subject) | home for one in rights.SERVICES
    ]
    imports += [_shared_subject("stream", subject) | home for subject in rights.STREAMS]
    scope = {
        "kind": "user_scope",
        "key": public_key(trust.locations),
        "role": "location",
        "template": rights.location_rights() | NO_LIMITS,
    }
    limits = ACCOUNT_LIMITS | {"disallow_bearer": True}
    return account | {"limits": limits, "imports": imports, "signing_keys": [scope]} | _revocations(revoked)


def _shared_subject(kind: str, subject: str) -> dict[str, Any]:
    return {"name": subject, "subject": subject, "type": kind}


def _local_name(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"local_subject": name}


def _revocations(revoked: Iterable[str]) -> dict[str, Any]:
    """Each user has only one JWT, so a revocation covers it whatever its creation time."""
    users = dict.fromkeys(sorted(revoked), _FOR_EVER)
    return {"revocations": users} if users else {}


def _revision(account: dict[str, Any]) -> int:
    for tag in account.get("tags", []):
        if tag.startswith(_REVISION) and tag.removeprefix(_REVISION).isdecimal():
            return int(tag.removeprefix(_REVISION))
    return 0


def _read(trust: Trust, side: Side, token: str) -> Claims | None:
    """Claims not signed by our operator are ignored, because the controller may sign the content again."""
    claims = read(token, trust.operator)
    return claims if claims is not None and claims.sub == account_key(trust, side) else None


def _signed(trust: Trust, side: Side, account: dict[str, Any], now: datetime) -> str:
    return sign(trust.operator, account_key(trust, side), side.value, account, now)
