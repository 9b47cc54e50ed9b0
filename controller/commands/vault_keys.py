"""The commands `rotate-keys` and `new-vault-key`: the keys that encrypt stored secrets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controller.commands.command import CommandError, settings_of
from controller.operations.installation.keys import rotate_keys
from controller.settings import VaultSettings
from controller.store.platform import migrate
from controller.store.platform.pool import Database
from controller.vault import Vault, new_key

if TYPE_CHECKING:
    from controller.commands.command import Commands

_MOST_NAMED = 10


def add(commands: Commands) -> None:
    commands.add_parser(
        "rotate-keys",
        help="re-encrypt every stored secret with the first key of MAILPROBE_VAULT_KEYS; works while serving",
    ).set_defaults(command=_rotate_keys)
    commands.add_parser("new-vault-key", help="print a new key for MAILPROBE_VAULT_KEYS").set_defaults(
        command=_new_vault_key
    )


async def _rotate_keys(_options: argparse.Namespace) -> None:
    settings = settings_of(VaultSettings)
    async with Database.open(settings.database_url.reveal(), size=1) as database:
        await migrate.require_current(database)
        done = await rotate_keys(database, Vault(settings.vault_keys))
    print(f"re-encrypted {done.secrets} secrets of {done.owners} monitors, channels and sign-ons with the first key")
    if done.unreadable:
        raise CommandError(
            f"{len(done.unreadable)} monitors, channels or sign-ons hold secrets that no key of MAILPROBE_VAULT_KEYS"
            " can read: " + ", ".join(done.unreadable[:_MOST_NAMED])
        )


async def _new_vault_key(_options: argparse.Namespace) -> None:
    print(new_key().reveal())
