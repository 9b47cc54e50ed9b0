"""Encrypt every stored secret with the first key of the ring, while controllers run and people change monitors."""

from __future__ import annotations

import msgspec

from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import operator, record_about
from controller.store.monitors import configs
from controller.store.monitors.configs import StoredConfig, Table
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultError


class Rotated(msgspec.Struct, kw_only=True):
    """The number of secrets that were encrypted anew, of how many monitors, channels and sign-ons, and those that no
    key can decrypt.
    """

    secrets: int = 0
    owners: int = 0
    unreadable: list[str] = []


async def rotate_keys(database: Database, vault: Vault) -> Rotated:
    """Every controller must already have the whole ring. A secret that the first key encrypted stays as it is.

    It can be called again after an error, and continues with the rest. Raises StoreUnavailableError.
    """
    await record_about(database, operator(), AuditAction.VAULT_KEYS_ROTATED, AuditObject(kind=ObjectKind.VAULT))
    done = Rotated(unreadable=[])
    for table in Table:
        last = 0
        while batch := await configs.after(database, table, last):
            last = batch[-1].id
            for stored in batch:
                await _rotate(database, vault, stored, done)
    return done


async def _rotate(database: Database, vault: Vault, stored: StoredConfig | None, done: Rotated) -> None:
    while stored is not None:
        try:
            config, renewed = vault.renew(stored.config)
        except VaultError:
            done.unreadable.append(stored.name)
            return
        if not renewed:
            return
        if await configs.replace(database, stored, config):
            done.secrets += renewed
            done.owners += 1
            return
        stored = await configs.by_id(database, stored.table, stored.id)  # somebody changed it in between
