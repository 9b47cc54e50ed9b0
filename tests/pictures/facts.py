"""Facts of servers and what changed about them, in an installation that is made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from controller.decisions.comparison.comparing import KeptValue
from controller.store.comparison import changes, facts
from controller.store.comparison.changes import NewChange
from controller.store.events.owners import owners_of
from shared.epoch import to_ms
from tests.pictures.places import PLACES, Installation

_OLD = "CN=mx1.example.com, issued by CN=R3,O=Let's Encrypt,C=US, ends 2026-12-03, SHA-256 6b1c7fd2a90e4433"
_NEW = "CN=mx1.example.com, issued by CN=R11,O=Let's Encrypt,C=US, ends 2027-02-21, SHA-256 04fa81d3c2275be9"
_HELD = {
    "starttls": "offered",
    "certificate": _NEW,
    "certificateTrusted": "yes",
    "tlsVersion": "TLSv1.3",
    "greeting": "example.com ESMTP Postfix",
    "capabilities": "8BITMIME, AUTH, PIPELINING, SIZE",
}
_COUNTRIES = {place.code: place.country for place in PLACES}


async def add_facts(here: Installation, monitor_id: int, odd: Mapping[str, tuple[str, str]]) -> None:
    """What every location sees of a server, but for one fact each at the locations that `odd` names."""
    began, renewed = here.now - timedelta(days=9), here.now - timedelta(hours=30)
    addresses: dict[int, str | None] = dict.fromkeys(here.locations.values(), "192.0.2.25")
    for code, number in here.locations.items():
        own = _HELD | ({odd[code][0]: odd[code][1]} if code in odd else {})
        former = KeptValue(number, "certificate", _OLD, to_ms(began), holds=False)
        values = [
            KeptValue(number, name, value, to_ms(renewed if name == "certificate" else began), holds=True)
            for name, value in own.items()
        ]
        async with here.database.transaction() as connection:
            await facts.keep(connection, monitor_id, [former, *values], addresses)


async def add_changes(here: Installation, monitor_ids: Sequence[int]) -> None:
    """One of each kind, the latest last."""
    happened = [
        (30.0, "changed", "certificate", None, _OLD, _NEW, tuple(_COUNTRIES)),
        (26.0, "began", None, "interception_suspected", None, "it presents CN=box", ("br-sao",)),
        (20.0, "ended", None, "interception_suspected", None, None, ("br-sao",)),
        (7.0, "changed", "tlsVersion", None, "TLSv1.2", "TLSv1.3", ("de-nbg", "us-nyc")),
        (3.0, "began", None, "starttls_stripped", None, "STARTTLS is replaced by X's", ("jp-tyo",)),
        (1.0, "began", None, "downgrade_suspected", None, "STARTTLS is not offered", ("us-nyc",)),
    ]
    async with here.database.transaction() as connection:
        owners = await owners_of(connection, monitor_ids)
        customers = {
            row["id"]: row["customer_id"]
            for row in await connection.fetch(
                "SELECT id, customer_id FROM monitor WHERE id = ANY ($1::bigint[])", monitor_ids
            )
        }
        for number, (hours, change, fact, finding, before, after, codes) in enumerate(happened):
            monitor = monitor_ids[number % len(monitor_ids)]
            new = NewChange(
                monitor,
                here.organization,
                customers[monitor],
                owners[monitor],
                here.now - timedelta(hours=hours),
                change,
                fact,
                finding,
                before,
                after,
                codes,
                tuple(_COUNTRIES[code] for code in codes),
            )
            await changes.insert(connection, [new])
