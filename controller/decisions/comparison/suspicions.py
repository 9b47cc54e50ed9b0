"""What it takes until a sign becomes a finding: three rounds in a row, and a recheck that shows it too. Pure.

Moments are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.comparison.signs import ABOUT_STARTTLS, RoundSigns, Sign, SignKind

ROUNDS = 3
"""So many rounds in a row show a sign before the recheck, and so many in a row do not before a finding ends."""
RECHECK_MS = 10_000
_LOST_MS = 120_000
"""A recheck that showed nothing for so long after it was due is made again."""
_DAY_MS = 24 * 3_600_000
FORGOTTEN_MS = 7 * _DAY_MS


class Suspicion(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A sign that lasts. `rounds` showed it in a row, the last of them or of the rechecks due at `last_ms`; `clean`
    ones in a row did not since then. `recheck_ms` is when the latest recheck is due. From `confirmed_ms` on it is a
    finding. It is `said` when its customer was notified; it is not while our own network or address is the reason.
    """

    location_id: int
    kind: SignKind
    address: str
    detail: str
    since_ms: int
    last_ms: int
    rounds: int = 0
    clean: int = 0
    recheck_ms: int | None = None
    confirmed_ms: int | None = None
    said: bool = False

    @property
    def about_starttls(self) -> bool:
        return self.kind in ABOUT_STARTTLS


def after_round(
    before: Sequence[Suspicion], found: RoundSigns, due_ms: int, *, is_recheck: bool, now_ms: int
) -> list[Suspicion]:
    """The suspicions after a round, or after a recheck of all locations."""
    signs = {(sign.location_id, sign.kind): sign for sign in found.signs}
    known = {(one.location_id, one.kind): one for one in before}
    after: list[Suspicion] = []
    for key, sign in signs.items():
        one = _shown(known.get(key) or _first(sign, due_ms), sign, due_ms, is_recheck=is_recheck, now_ms=now_ms)
        after.append(one)
    for key, one in known.items():
        if key in signs:
            continue
        if one.location_id in found.compared:
            after += _not_shown(one)
        elif due_ms - one.last_ms < (_DAY_MS if one.confirmed_ms is None else FORGOTTEN_MS):
            after.append(one)
    return sorted(after, key=lambda one: (one.location_id, one.kind))


def _first(sign: Sign, due_ms: int) -> Suspicion:
    return Suspicion(
        location_id=sign.location_id,
        kind=sign.kind,
        address=sign.address,
        detail=sign.detail,
        since_ms=due_ms,
        last_ms=due_ms,
    )


def _shown(one: Suspicion, sign: Sign, due_ms: int, *, is_recheck: bool, now_ms: int) -> Suspicion:
    rounds = one.rounds if is_recheck else one.rounds + 1
    again = is_recheck and one.recheck_ms is not None and due_ms >= one.recheck_ms
    confirmed = one.confirmed_ms if one.confirmed_ms is not None else due_ms if again else None
    lost = one.recheck_ms is None or now_ms >= one.recheck_ms + _LOST_MS
    plans = confirmed is None and rounds >= ROUNDS and lost and not is_recheck
    return msgspec.structs.replace(
        one,
        address=sign.address,
        detail=sign.detail,
        last_ms=due_ms,
        rounds=rounds,
        clean=0,
        recheck_ms=now_ms + RECHECK_MS if plans else one.recheck_ms,
        confirmed_ms=confirmed,
    )


def _not_shown(one: Suspicion) -> list[Suspicion]:
    """One clean round ends a suspicion; a finding ends after as many as it took."""
    if one.confirmed_ms is None or one.clean + 1 >= ROUNDS:
        return []
    return [msgspec.structs.replace(one, clean=one.clean + 1)]
