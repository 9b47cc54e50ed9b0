"""The accounts on the broker and their claims. The controllers' account owns the streams and exports what others may
use. Each location and each subscriber has an account of its own, so that nothing that it makes the broker send reaches
anybody else. The shared account holds the logins of earlier versions. Claims also list the revoked users.

An agent's rights are a template for every user signed with the key for locations, so that a new version can extend
them without new enrolment files. They name each kind of check, and the claims' tags do so too: controllers that know
different kinds add theirs to those of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from controller.trust import rights
from controller.trust.claims import ACCOUNT_LIMITS, NO_LIMITS, location_account, subscriber_account
from controller.trust.jwt import Claims, read, sign
from controller.trust.keys import Trust
from controller.trust.rights import NatsService
from shared.nats.nkeys import public_key
from shared.secret import Secret
from shared.wire.targets import KINDS, is_kind

_JETSTREAM_LIMITS = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
_FOR_EVER = 253_402_300_799  # the last second of the year 9999
_REVISION = "rights:"
_KIND = "kind:"

FIRST = datetime.fromtimestamp(1, UTC)
"""The creation time of the claims in a server's configuration. It lies before all others, so that these claims never
replace later ones, and a restart of the server never admits a revoked user.
"""


class BrokerAccount(NamedTuple):
    """`key` is its public key, by which servers know it; `name` is what they log; `rights` are its claims without the
    revoked users.
    """

    key: str
    name: str
    rights: dict[str, Any]

    def claims(self, revoked: Iterable[str] = ()) -> dict[str, Any]:
        """All of its claims. Each user has only one JWT, so a revocation covers it whatever its creation time."""
        users = dict.fromkeys(sorted(revoked), _FOR_EVER)
        return self.rights | ({"revocations": users} if users else {})


def of_controllers(trust: Trust) -> BrokerAccount:
    services = [_shared_subject("service", one.subject) | {"response_type": "Stream"} for one in rights.SERVICES]
    streams = [_shared_subject("stream", subject) for subject in rights.STREAMS]
    return _account(trust.account, "mailprobe", limits=_JETSTREAM_LIMITS, exports=services + streams)


def shared(trust: Trust, kinds: Iterable[str] = KINDS) -> BrokerAccount:
    """The account of logins of earlier versions, agents and subscribers together."""
    # Leaf servers of earlier versions send requests under their first name.
    imports = _imports(trust, (*rights.SERVICES, rights.NEXT_CHECK), rights.STREAMS)
    return _of_agents(trust, _account(trust.guests, "mailprobe-guests", imports=imports, mappings=_mappings()), kinds)


def of_location(trust: Trust, location: str, kinds: Iterable[str] = KINDS) -> BrokerAccount:
    name = f"mailprobe-location-{location}"
    imports = _imports(trust, rights.LOCATION_SERVICES)
    return _of_agents(
        trust, _account(location_account(trust, location), name, imports=imports, mappings=_mappings()), kinds
    )


def of_subscriber(trust: Trust, durable: str, subject: str) -> BrokerAccount:
    """The account of a subscriber to events of `subject` with the consumer `durable`."""
    imports = _imports(trust, rights.subscriber_services(durable), [subject])
    return _account(subscriber_account(trust, durable), f"mailprobe-{durable}", imports=imports)


def account_claims(trust: Trust, account: BrokerAccount, now: datetime, revoked: Iterable[str] = ()) -> str:
    """The signed claims of an account, with these users revoked."""
    return _signed(trust, account, account.claims(revoked), now)


def correction(
    trust: Trust, account: BrokerAccount, published: Sequence[str], revoked: Iterable[str], now: datetime
) -> str | None:
    """The claims to publish when servers hold `published` for the account; None when all servers hold the right ones.

    Newer rights, published by a controller of a newer version, are kept, and so are kinds of check that only another
    controller knows: two versions run side by side during an update.
    """
    known = [_read(trust, account, token) for token in published]
    account = _with_kinds(trust, account, {kind for one in known if one for kind in _kinds(one.nats)})
    claims = account.claims(revoked)
    newest = max((one.nats for one in known if one), key=_revision, default=claims)
    if _revision(newest) > _revision(claims):
        claims = account._replace(rights={n: v for n, v in newest.items() if n != "revocations"}).claims(revoked)
    if known and all(one is not None and one.nats == claims for one in known):
        return None
    # Servers of a split cluster agree on the latest claims, so new ones must be later, whatever a clock says.
    latest = max((one.iat for one in known if one), default=0)
    return _signed(trust, account, claims, max(now, datetime.fromtimestamp(latest, UTC) + timedelta(seconds=1)))


def _account(seed: Secret, name: str, *, limits: dict[str, Any] | None = None, **claims: Any) -> BrokerAccount:
    fixed = {"type": "account", "version": 2, "tags": [f"{_REVISION}{rights.REVISION}"]}
    all_limits = ACCOUNT_LIMITS | (limits or {}) | {"disallow_bearer": True}
    return BrokerAccount(public_key(seed), name, fixed | {"limits": all_limits} | claims)


def _imports(trust: Trust, services: Iterable[NatsService], streams: Iterable[str] = ()) -> list[dict[str, Any]]:
    home = {"account": public_key(trust.account)}
    found = [_shared_subject("service", one.subject) | _local_name(one.local_subject) | home for one in services]
    return found + [_shared_subject("stream", subject) | home for subject in streams]


def _mappings() -> dict[str, Any]:
    """The other name that requests for checks get, also on leaf servers."""
    name, other = rights.NEXT_CHECK
    return {name: [{"subject": other, "weight": 100}]}


def _of_agents(trust: Trust, account: BrokerAccount, kinds: Iterable[str]) -> BrokerAccount:
    """The account with the rights of agents to checks of these kinds."""
    every = sorted(kinds)
    scope = {"kind": "user_scope", "key": public_key(trust.locations), "role": "location"}
    keys = [scope | {"template": rights.location_rights(every) | NO_LIMITS}]
    tags = [tag for tag in account.rights["tags"] if not tag.startswith(_KIND)]
    return account._replace(
        rights=account.rights | {"tags": tags + [f"{_KIND}{kind}" for kind in every], "signing_keys": keys}
    )


def _with_kinds(trust: Trust, account: BrokerAccount, kinds: AbstractSet[str]) -> BrokerAccount:
    """The same account if it has all of these kinds, or no agents."""
    known = _kinds(account.rights)
    return _of_agents(trust, account, known | kinds) if known and not kinds <= known else account


def _kinds(account: dict[str, Any]) -> AbstractSet[str]:
    named = {tag.removeprefix(_KIND) for tag in account.get("tags", []) if tag.startswith(_KIND)}
    return {kind for kind in named if is_kind(kind)}


def _shared_subject(kind: str, subject: str) -> dict[str, Any]:
    return {"name": subject, "subject": subject, "type": kind}


def _local_name(name: str | None) -> dict[str, Any]:
    return {} if name is None else {"local_subject": name}


def _revision(account: dict[str, Any]) -> int:
    for tag in account.get("tags", []):
        if tag.startswith(_REVISION) and tag.removeprefix(_REVISION).isdecimal():
            return int(tag.removeprefix(_REVISION))
    return 0


def _read(trust: Trust, account: BrokerAccount, token: str) -> Claims | None:
    """Claims not signed by our operator are ignored, because the controller may sign the content again."""
    claims = read(token, trust.operator)
    return claims if claims is not None and claims.sub == account.key else None


def _signed(trust: Trust, account: BrokerAccount, claims: dict[str, Any], now: datetime) -> str:
    return sign(trust.operator, account.key, account.name, claims, now)
