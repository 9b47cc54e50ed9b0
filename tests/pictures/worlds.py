"""The installations of the pictures: one without monitors, a healthy one, and one in which much goes wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from controller.model.walls import WallQuery
from controller.store.accounts import screens
from controller.store.platform.pool import Database
from shared.epoch import to_ms
from shared.wire.rounds import Purpose, check_id
from tests.bench import dashboard_data
from tests.pictures import channels, facts, history, links, on_call, planning, trials, troubles
from tests.pictures.history import Verdict
from tests.pictures.places import Installation, install
from tests.pictures.servers import GREYLISTED, REFUSED, SLOW_GREETING, Fault, Server

LARGE = 10_000
_SILENT_MINUTES = 11.0
_DOWN = Fault(REFUSED, since=24)
_PARTLY = Fault(SLOW_GREETING, since=96, at=("jp-tyo", "us-nyc"))
_ENDED = Fault(REFUSED, since=610, until=540)
_BRIEF = Fault(GREYLISTED, since=205, until=195, at=("us-nyc",))

HOSTILE = '220 <script>alert(1)</script> \u202eesrever\u202c <img src=x onerror="alert(1)"> ' + "📮" * 40

_HEALTHY = (
    Server(name="Outbound relay", host="smtp.example.com", customer=0),
    Server(name="Inbound mail exchanger", host="mx1.example.com", port=25, customer=0, busy_ms=30),
    Server(name="Mailboxes", host="imap.example.com", kind="imap", port=993, customer=0, busy_ms=22),
    Server(name="Hotel reservations", host="mail.blueharbour.example", customer=1, busy_ms=40),
    Server(name="Hotel mailboxes", host="imap.blueharbour.example", kind="imap", port=993, customer=1),
    Server(name="Scanner inbox", host="pop.blueharbour.example", kind="pop3", port=995, customer=1),
    Server(name="Citizens' office", host="mail.northfield.example", customer=2, busy_ms=64),
    Server(name="Council newsletter", host="news.northfield.example", port=25, customer=2),
)
_BURNING = (
    Server(name="Outbound relay", host="smtp.example.com", faults=(_DOWN, _ENDED)),
    Server(
        name="Inbound mail exchanger",
        host="mx1.example.com",
        port=25,
        busy_ms=30,
        faults=(_BRIEF,),
        other_facts={"jp-tyo": {"tlsVersion": "TLSv1.2", "tlsCipher": "ECDHE-RSA-AES128-GCM-SHA256"}},
    ),
    Server(name="Mailboxes", host="imap.example.com", kind="imap", port=993, busy_ms=22, faults=(_PARTLY,)),
    Server(name="Hotel reservations", host="mail.blueharbour.example", customer=1, busy_ms=40, days_left=5),
    Server(name="Hotel mailboxes", host="imap.blueharbour.example", kind="imap", port=993, customer=1),
    Server(name="Scanner inbox", host="pop.blueharbour.example", kind="pop3", port=995, customer=1, status="disabled"),
    Server(name="Citizens' office", host="mail.northfield.example", customer=2, busy_ms=64, status="maintenance"),
    Server(name="Council newsletter", host="news.northfield.example", port=25, customer=2),
    Server(
        name="Relay of a partner \u202edegnahc\u202c <b>bold</b>",
        host="relay.partner-with-a-very-long-name-for-a-host.northfield.example",
        customer=2,
        greeting=HOSTILE,
    ),
)


class World(NamedTuple):
    """An installation and what its pages need: public ids, by what they show. `things` are those of the settings."""

    cookie: str
    monitors: dict[str, UUID]
    checks: dict[str, str]
    incidents: dict[str, UUID]
    things: Mapping[str, str] = MappingProxyType({})
    screen: str = ""


async def _screens(here: Installation) -> str:
    """Two screens; returns the public id of the first."""
    first = ""
    for name, view in (("Operations room", WallQuery(by="customer")), ("Entrance", WallQuery(labels=("team:post",)))):
        new = screens.NewScreen(
            organization_id=here.organization, name=name, view=view, customer_ids=None, made_by=here.account
        )
        made = await screens.insert(here.database, screens.new_screen_token(), new)
        first = first or str(made.public_id)
    await here.run(
        "UPDATE screen_token SET last_used_at = now(), last_used_address = '192.0.2.7' WHERE name = 'Entrance'"
    )
    return first


async def empty(database: Database, now: datetime) -> World:
    here = await install(database, now)
    return World(here.cookie, {}, {}, {})


async def healthy(database: Database, now: datetime) -> World:
    here = await install(database, now)
    monitors = await history.add_monitors(here, _HEALTHY)
    await history.add_results(here, _HEALTHY, blind={})
    await history.add_older_days(here, monitors.values())
    for server in _HEALTHY:
        await history.add_verdicts(here, monitors, server)
    first = _HEALTHY[0]
    checks = {
        "good": _check(first, "de-nbg", history.rounds(first, now)[-1]),
        "trial": await trials.add_trial(here),
        "discovery": await trials.add_discovery(here),
        "nothing": await trials.add_empty_discovery(here),
    }
    return World(here.cookie, {"up": first.public_id}, checks, {})


async def burning(database: Database, now: datetime) -> World:
    here = await install(database, now)
    monitors = await history.add_monitors(here, _BURNING)
    await history.add_results(here, _BURNING, blind={"br-sao": _SILENT_MINUTES})
    await history.add_older_days(here, monitors.values())
    incidents = await _incidents(here, monitors)
    await _verdicts(here, monitors)
    await troubles.trouble_locations(here, [monitors["mx1.example.com"]], silent="br-sao", minutes=_SILENT_MINUTES)
    await troubles.add_unconfirmed(here, monitors["mx1.example.com"], _BURNING[1], _BRIEF)
    await here.run(
        "UPDATE monitor SET allowed_check_country_codes = '{BR}' WHERE id = $1", monitors["news.northfield.example"]
    )
    await here.run(
        "INSERT INTO location (code, name, country_code, public_key, enabled, removed_at)"
        " VALUES ('br-rio', 'Rio de Janeiro', 'BR', 'k', false, NULL), ('pt-lis', 'Lisbon', 'PT', 'k', false, $1)",
        here.now,
    )
    await channels.add_channels(here)
    await facts.add_facts(here, monitors["mx1.example.com"], {"jp-tyo": ("starttls", "mangled")})
    await facts.add_changes(here, [monitors["mx1.example.com"], monitors["imap.example.com"]])
    planned = await planning.add_windows(here, monitors["mail.northfield.example"])
    await _maintenance(here, monitors["mail.northfield.example"])
    planned |= await on_call.add_on_call(here, str(incidents["open"]))
    planned |= await links.add_links(here, incidents["open"])
    relay, exchanger, mailboxes, expiring, *_, hostile = _BURNING
    failing = history.first_failing(relay, _DOWN, now)
    return World(
        here.cookie,
        {
            "down": relay.public_id,
            "partial": mailboxes.public_id,
            "degraded": expiring.public_id,
            "deviating": exchanger.public_id,
            "hostile": hostile.public_id,
            "maintained": next(one.public_id for one in _BURNING if one.host == "mail.northfield.example"),
        },
        {
            "bad": _check(relay, "de-nbg", failing),
            "slow": _check(mailboxes, "jp-tyo", history.rounds(mailboxes, now)[-1]),
            "hostile": _check(hostile, "de-nbg", history.rounds(hostile, now)[-1]),
        },
        incidents,
        things=planned,
        screen=await _screens(here),
    )


async def large(database: Database, now: datetime) -> World:
    """10,000 monitors, without their single checks."""
    here = await install(database, now)
    await here.run("DELETE FROM agent")
    await dashboard_data.prepared(database)
    async with database.connection() as connection:
        await dashboard_data.seed(
            connection,
            monitors=LARGE,
            locations=0,
            customers=17,
            result_hours=0.1,
            organization=here.organization,
            now=now,
        )
    return World(here.cookie, {}, {}, {})


def _check(server: Server, location: str, due: datetime) -> str:
    """The path of a check's page below that of its monitor."""
    number = check_id(server.public_id, to_ms(due), location, Purpose.SCHEDULED)
    return f"/monitors/{server.public_id}/checks/{number}?due={to_ms(due)}"


async def _incidents(here: Installation, monitors: dict[str, int]) -> dict[str, UUID]:
    relay, mailboxes = _BURNING[0], _BURNING[2]
    ended = await troubles.add_incident(
        here,
        monitors[relay.host],
        relay,
        _ENDED,
        severity="down",
        reason="5 of 5 countries cannot connect: refused",
        acknowledged="Disk full on the queue volume. Cleaning up.",
        resolved=_ENDED.until,
    )
    partly = await troubles.add_incident(
        here,
        monitors[mailboxes.host],
        mailboxes,
        _PARTLY,
        severity="partial",
        reason="2 of 5 countries get no greeting: timeout; BR, DE, FR pass",
        acknowledged="Looks like the transit of our provider. Ticket 4711 is open with them.",
    )
    down = await troubles.add_incident(
        here,
        monitors[relay.host],
        relay,
        _DOWN,
        severity="down",
        reason="5 of 5 countries cannot connect: refused",
    )
    return {"open": down, "acknowledged": partly, "resolved": ended}


async def _verdicts(here: Installation, monitors: dict[str, int]) -> None:
    changes = {
        "smtp.example.com": (
            Verdict(_ENDED.since, "down", "5 of 5 countries cannot connect: refused"),
            Verdict(_ENDED.until, "up", "5 of 5 countries pass"),
            Verdict(_DOWN.since, "down", "4 of 4 countries cannot connect: refused; BR could not check"),
        ),
        "imap.example.com": (
            Verdict(_PARTLY.since, "partial", "2 of 4 countries get no greeting: timeout; DE, FR pass"),
        ),
        "pop.blueharbour.example": (Verdict(20 * 24 * 60, "unknown", "the monitor was disabled"),),
        "mail.blueharbour.example": (Verdict(9 * 24 * 60, "degraded", "the certificate ends in 5 days"),),
    }
    for server in _BURNING:
        await history.add_verdicts(here, monitors, server, *changes.get(server.host, ()))


async def _maintenance(here: Installation, monitor_id: int) -> None:
    await here.run(
        "UPDATE maintenance_time SET from_at = $2 WHERE monitor_id = $1", monitor_id, here.now - timedelta(minutes=75)
    )
    await here.run(
        "INSERT INTO maintenance_time (monitor_id, from_at, to_at, effect) VALUES ($1, $2, $3, 'suspend')",
        monitor_id,
        here.now - timedelta(hours=9),
        here.now - timedelta(hours=7),
    )
