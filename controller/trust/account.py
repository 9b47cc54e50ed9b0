"""The two accounts, as the broker is told of them: that of the controllers, which has the streams and exports what
others may use, and that of their guests, agents and subscribers, with what each may do and who is cut off.

An agent's rights are a template for everybody signed with the key for locations, so that they can grow with a new
version without new enrolment files.
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
"""When the claims in a server's configuration were made: before all others, so that they never take the place of what
the server was told since, and nobody who was cut off comes back with a restart.
"""


class Side(StrEnum):
    """Which of the two; the names that servers log."""

    CONTROLLERS = "mailprobe"
    GUESTS = "mailprobe-guests"


def account_key(trust: Trust, side: Side) -> str:
    """The public key of an account, which is its name on the broker."""
    return public_key(trust.account if side is Side.CONTROLLERS else trust.guests)


def account_claims(trust: Trust, side: Side, now: datetime, revoked: Iterable[str] = ()) -> str:
    """The account, with these users cut off."""
    return _signed(trust, side, _account(trust, side, revoked), now)


def correction(trust: Trust, side: Side, told: Sequence[str], revoked: Iterable[str], now: datetime) -> str | None:
    """What to tell servers that answered `told` when asked for the account; None when there are some and all know it.

    Where a controller of a newer version has given newer rights, these are kept: two versions run beside each other
    while an installation is updated.
    """
    known = [_read(trust, side, one) for one in told]
    wanted = _account(trust, side, revoked)
    newest = max((one.nats for one in known if one), key=_revision, default=wanted)
    if _revision(newest) > _revision(wanted):
        wanted = {name: value for name, value in newest.items() if name != "revocations"} | _revocations(revoked)
    if known and all(one is not None and one.nats == wanted for one in known):
        return None
    # Servers of a cluster that were apart agree on the claims made last, whatever the clocks of controllers say.
    latest = max((one.iat for one in known if one), default=0)
    return _signed(trust, side, wanted, max(now, datetime.fromtimestamp(latest, UTC) + timedelta(seconds=1)))


def _account(trust: Trust, side: Side, revoked: Iterable[str]) -> dict[str, Any]:
    account = {"type": "account", "version": 2, "tags": [f"{_REVISION}{rights.REVISION}"]}
    if side is Side.CONTROLLERS:
        services = [_crossing("service", one.subject) | {"response_type": "Stream"} for one in rights.SERVICES]
        streams = [_crossing("stream", subject) for subject in rights.STREAMS]
        limits = ACCOUNT_LIMITS | _JETSTREAM_LIMITS | {"disallow_bearer": True}
        return account | {"limits": limits, "exports": services + streams} | _revocations(revoked)
    home = {"account": account_key(trust, Side.CONTROLLERS)}
    imports = [_crossing("service", one.subject) | _called(one.there) | home for one in rights.SERVICES]
    imports += [_crossing("stream", subject) | home for subject in rights.STREAMS]
    scope = {
        "kind": "user_scope",
        "key": public_key(trust.locations),
        "role": "location",
        "template": rights.of_a_location() | NO_LIMITS,
    }
    limits = ACCOUNT_LIMITS | {"disallow_bearer": True}
    return account | {"limits": limits, "imports": imports, "signing_keys": [scope]} | _revocations(revoked)


def _crossing(kind: str, subject: str) -> dict[str, Any]:
    return {"name": subject, "subject": subject, "type": kind}


def _called(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"local_subject": name}


def _revocations(revoked: Iterable[str]) -> dict[str, Any]:
    """A user has one JWT and never another, so whoever is cut off is so whenever a clock says the JWT was made."""
    users = dict.fromkeys(sorted(revoked), _FOR_EVER)
    return {"revocations": users} if users else {}


def _revision(account: dict[str, Any]) -> int:
    for tag in account.get("tags", []):
        if tag.startswith(_REVISION) and tag.removeprefix(_REVISION).isdecimal():
            return int(tag.removeprefix(_REVISION))
    return 0


def _read(trust: Trust, side: Side, token: str) -> Claims | None:
    """Believed only when our operator said it: it may be said again in its name."""
    claims = read(token, trust.operator)
    return claims if claims is not None and claims.sub == account_key(trust, side) else None


def _signed(trust: Trust, side: Side, account: dict[str, Any], now: datetime) -> str:
    return sign(trust.operator, account_key(trust, side), side.value, account, now)
