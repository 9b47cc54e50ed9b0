"""The entry of the audit log about a change of the trust file, which belongs to no database."""

from __future__ import annotations

from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import operator, record_about
from controller.settings import StoreSettings
from controller.store.platform import migrate
from controller.store.platform.pool import REFUSED, Database, StoreUnavailableError
from shared.settings import SettingsError, load


async def record_trust(action: AuditAction, keys: list[str]) -> None:
    """Record the change, when the database can be reached from here; else print that it is not recorded, because a key
    that has leaked must be replaced all the same. `keys` are the ids of the keys that the file has now.
    """
    what = AuditObject(kind=ObjectKind.TRUST)
    try:
        url = load(StoreSettings).database_url.reveal()
        async with Database.open(url, size=1) as database:
            await migrate.require_current(database)
            await record_about(database, operator(), action, what, after={"ids": keys})
    except SettingsError:
        print("not in the audit log: MAILPROBE_DATABASE_URL is not set here")
    except (StoreUnavailableError, migrate.SchemaError, REFUSED) as error:
        print(f"not in the audit log: {error}")
