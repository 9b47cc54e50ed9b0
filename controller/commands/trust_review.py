"""The commands `trust show`, `trust allow-unsigned` and `trust refuse-unsigned`: which keys are in use, and what must
be signed.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.decisions.signing import GRACE
from controller.operations.installation.locations import require_signatures
from controller.settings import StoreSettings, TrustStoreSettings
from controller.store.locations import signatures
from controller.store.locations.keys import RevokedUsers, count_revoked
from controller.store.locations.locations import present_locations
from controller.store.locations.signatures import UsedKey
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from controller.trust import request_keys
from shared.clock import utc_now
from shared.wire.messages import READY_SECONDS

if TYPE_CHECKING:
    from controller.commands.command import Commands

_LATELY = timedelta(minutes=10)
"""A key counts as in use when a heartbeat was signed with it within this time."""

_GRACE_MINUTES = GRACE // timedelta(minutes=1)


def add(actions: Commands) -> None:
    show = actions.add_parser("show", help="list all keys: which are in use, and which may be dropped")
    show.add_argument("--trust-file", metavar="FILE", help="the trust file (default: MAILPROBE_TRUST_FILE)")
    show.set_defaults(command=_show)
    allow = actions.add_parser("allow-unsigned", help="accept unsigned results of a location: an old agent runs there")
    allow.add_argument("code", metavar="CODE", help="code of the location")
    allow.set_defaults(command=_allow)
    refuse = actions.add_parser("refuse-unsigned", help="refuse unsigned results of a location from now on")
    refuse.add_argument("code", metavar="CODE", help="code of the location")
    refuse.set_defaults(command=_refuse)


async def _show(options: argparse.Namespace) -> None:
    settings = settings_of(TrustStoreSettings, trust_file=options.trust_file)
    now = utc_now()
    async with _database(settings) as database:
        keys = await signatures.used_keys(database)
        since = await signatures.signed_only(database)
        unsigned = await signatures.unsigned_agents(database, READY_SECONDS)
        revoked = await count_revoked(database)
        locations = [here.code for here in await present_locations(database)]
    by_location = {code: list(given) for code, given in groupby(keys, key=lambda key: key.code)}
    lines = [
        "request keys:",
        *_request_keys(request_keys.key_ids(settings.trust_file.value), keys, now),
        "locations:",
    ]
    for code in locations:
        lines.append(f"  {code}: {_signs(since.get(code), unsigned.get(code, ()), now)}")
        lines += [f"    {_location_key(key, now)}" for key in by_location.get(code, [])] or ["    no key: rotate it"]
    print("\n".join([*lines, "revocations:", *_revocations(revoked)]))


def _request_keys(ids: list[str], keys: list[UsedKey], now: datetime) -> Iterator[str]:
    """The first id is that of the key that signs."""
    signing, *others = ids
    yield f"  {signing} signs{_lacking(signing, keys, now)}"
    for other in others:
        lacking = _lacking(other, keys, now)
        yield f"  {other} is accepted, does not sign{lacking}"
        yield f"    {_may_sign(lacking)}; {_may_drop(_lacking(signing, keys, now))}"


def _may_sign(lacking: str) -> str:
    return "must not sign yet (--use)" if lacking else "may sign (--use)"


def _may_drop(lacking: str) -> str:
    return "must not be dropped" if lacking else "may be dropped (--drop)"


def _lacking(request_key: str, keys: list[UsedKey], now: datetime) -> str:
    """Which locations' agents may not know a request key: their newest file, or one that they use, lacks it."""
    codes = {
        key.code
        for key in keys
        if (key.newest or _used_lately(key, now)) and (key.request_keys is None or request_key not in key.request_keys)
    }
    return f", but may be unknown to agents of {', '.join(sorted(codes))}: rotate, and restart them" if codes else ""


def _location_key(key: UsedKey, now: datetime) -> str:
    used = f"last used {_minute(key.last_used_at)}" if key.last_used_at else "never used"
    text = f"{key.user} of {_minute(key.created_at)} ({(now - key.created_at).days} days old), {used}"
    if key.ends_at is None:
        return text
    until = f"{text}, ends {_minute(key.ends_at)}"
    if _used_lately(key, now):
        return f"{until}: an agent still has the old file"
    return f"{until}: no agent uses it, nothing is lost when it ends"


def _used_lately(key: UsedKey, now: datetime) -> bool:
    return key.last_used_at is not None and now - key.last_used_at < _LATELY


def _signs(since: datetime | None, unsigned: Collection[str], now: datetime) -> str:
    if since is not None and since <= now:
        return f"unsigned results are refused since {_minute(since)}"
    if since is not None:
        return f"unsigned results will be refused from {_minute(since)}"
    if unsigned:
        return f"unsigned results are accepted, because these agents do not sign: {', '.join(unsigned)}"
    return f"unsigned results are accepted until all its agents have signed for {_GRACE_MINUTES} minutes"


def _revocations(revoked: RevokedUsers) -> Iterator[str]:
    yield f"  {revoked.locations} keys of locations: kept for ever, because their logins do not expire"
    yield f"  {revoked.subscribers} of subscribers: each is dropped a day after its login expires"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


async def _allow(options: argparse.Namespace) -> None:
    await _require(options.code, required=False)
    until = f"until all its agents have signed for {_GRACE_MINUTES} minutes"
    print(f"unsigned results of {options.code} are accepted {until}")


async def _refuse(options: argparse.Namespace) -> None:
    await _require(options.code, required=True)
    print(f"unsigned results of {options.code} are refused")


async def _require(code: str, *, required: bool) -> None:
    async with _database(settings_of(StoreSettings)) as database:
        if not await require_signatures(database, code.lower(), required=required):
            raise CommandError(f"there is no location {code!r}")


@asynccontextmanager
async def _database(settings: StoreSettings) -> AsyncIterator[Database]:
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        yield database
