"""The command `stream-credentials`: credentials that can read events from the broker and do nothing else."""

from __future__ import annotations

import argparse
import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.operations.installation.subscriptions import revoke_subscriber, subscribe
from controller.pipeline.nats_accounts import NatsAccounts
from controller.pipeline.subscribers import SubscriberConsumers
from controller.settings import EnrolmentSettings, StoreSettings
from controller.store.accounts import subscribers
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from controller.trust.claims import controller_credentials, system_credentials
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire import subjects

if TYPE_CHECKING:
    from controller.commands.command import Commands

_LONGEST_DAYS = 3650
_BROKER_SECONDS = 5.0


def add(commands: Commands) -> None:
    issue = commands.add_parser(
        "stream-credentials",
        help="make NATS credentials for the events of an organization, or of one of its customers",
    )
    issue.add_argument("--organization", metavar="ID", help="public id, number or name of the organization")
    issue.add_argument("--customer", metavar="ID", help="only events of this customer of the organization")
    issue.add_argument(
        "--days", type=_days, default=90, metavar="N", help="for how many days they are valid (default: %(default)s)"
    )
    issue.add_argument(
        "--name", default="subscriber", help="who gets them, for your own records (default: %(default)s)"
    )
    issue.add_argument("--output", type=Path, metavar="FILE", help="where to write them (default: CONSUMER.creds)")
    others = issue.add_mutually_exclusive_group()
    others.add_argument("--list", action="store_true", help="list all credentials, and make none")
    others.add_argument("--revoke", metavar="CONSUMER", help="revoke the credentials of this consumer, and make none")
    issue.set_defaults(command=_stream_credentials)


async def _stream_credentials(options: argparse.Namespace) -> None:
    if options.list:
        await _list()
    elif options.revoke:
        await _revoke(options.revoke)
    elif options.organization is None:
        raise CommandError("--organization is required")
    else:
        await _issue(options)


async def _issue(options: argparse.Namespace) -> None:
    settings = settings_of(EnrolmentSettings)
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        matches = await subscribers.readers(database, options.organization, options.customer)
        if len(matches) != 1:
            described = options.organization + (f" with customer {options.customer}" if options.customer else "")
            raise CommandError(
                f"{'no' if not matches else 'more than one'} organization {described}: give its public id"
            )
        made = await subscribe(
            database,
            settings,
            matches[0],
            name=options.name,
            expires_at=utc_now() + timedelta(days=options.days),
            output=options.output,
        )
        ready = await _made_ready(database, settings)
    print(f"wrote {made.file}, valid until {made.expires_at:%Y-%m-%d %H:%M} UTC; keep it secret, like a password")
    print(f"subject {made.subject}")
    print(f"consumer {made.consumer} of stream {subjects.EVENTS} in domain {subjects.DOMAIN}")
    print(f"inbox prefix {subjects.inbox(made.consumer)}")
    if not ready:
        print("cannot connect to the broker now: a running controller will create login and consumer as soon as it can")


async def _made_ready(database: Database, settings: EnrolmentSettings) -> bool:
    """Send the broker the new account and create the consumer at once, before a controller does. False when the broker
    is unavailable.
    """
    trust, now = settings.trust_file.value, utc_now()
    try:
        async with (
            asyncio.timeout(_BROKER_SECONDS),
            Bus.open(settings.broker(system_credentials(trust, now)), name="stream-credentials") as system_bus,
            Bus.open(settings.broker(controller_credentials(trust, now)), name="stream-credentials") as bus,
        ):
            await system_bus.wait_connected()
            await NatsAccounts(database, system_bus, trust).reconcile()
            await SubscriberConsumers(database, bus).keep()
    except (TimeoutError, BusError):
        return False
    return True


async def _list() -> None:
    async with Database.open(settings_of(StoreSettings).database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        now = utc_now()
        for each in await subscribers.all_subscribers(database):
            state = "revoked" if each.revoked_at else "expired" if each.expires_at <= now else "valid"
            owner = each.organization_name + (f" / {each.customer_name}" if each.customer_name else "")
            row = [each.consumer, state, f"{each.expires_at:%Y-%m-%d}", owner, each.name]
            if state == "valid" and each.nats_account is None:
                row.append("shared account: issue new ones, then revoke these")
            print("\t".join(row))


async def _revoke(consumer: str) -> None:
    async with Database.open(settings_of(StoreSettings).database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        if not await revoke_subscriber(database, consumer):
            raise CommandError(f"there are no valid credentials for the consumer {consumer!r}")
    print(f"revoked {consumer}; a running controller cuts it off within seconds")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"must be 1 to {_LONGEST_DAYS} days")
    return int(text)
