"""New installations and new locations: rows in the database and files with their secrets, both or neither."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from argon2 import PasswordHasher

from controller.model import Location
from controller.model.audit import AuditAction
from controller.operations.audit.recording import operator, record, record_about
from controller.operations.audit.states import object_of
from controller.operations.installation.row_files import (
    FileError,
    named,
    removed_on_failure,
    require_new,
    require_writable,
    write_secret,
)
from controller.settings import EnrolmentSettings
from controller.store.accounts import organizations
from controller.store.accounts.tokens import new_token
from controller.store.locations import keys as location_keys
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.trust.claims import location_account, location_credentials
from controller.trust.keys import verify_keys
from shared.clock import utc_now
from shared.nats import nkeys
from shared.secret import Secret
from shared.wire import enrolment
from shared.wire.sealing import new_key_pair
from shared.wire.signing import key_id


async def bootstrap(
    database: Database, *, organization: str, customer: str, email: str, token_file: Path, password_file: Path
) -> bool:
    """Make the first organization, customer, admin and token. Returns False, and changes nothing, when there is an
    organization.

    Raises FileError, StoreUnavailableError.
    """
    token, password = new_token(), Secret(secrets.token_urlsafe(18))
    first = organizations.FirstAccount(
        organization=organization,
        customer=customer,
        email=email,
        password_hash=PasswordHasher().hash(password.reveal()),
        token=token,
    )
    with removed_on_failure() as written:
        async with database.one_transaction() as own, organizations.insert_first(own, first) as new:
            if new is not None:
                made = {"customer": customer, "admin": email}
                await record(own, operator(), AuditAction.ORGANIZATION_CREATED, after=new, besides=made)
                for path, secret in ((token_file, token), (password_file, password)):
                    write_secret(path, secret)
                    written.append(path)
    return new is not None


class Keys(NamedTuple):
    """What a new location gets: its enrolment file, and the public keys that the controller stores."""

    enrolment: enrolment.Enrolment
    sealing_key: str
    nats_user: str
    nats_account: str

    @property
    def request_keys(self) -> list[str]:
        """The ids of the request keys that agents with this file accept."""
        return [key_id(key) for key in self.enrolment.verify_keys]


def new_keys(settings: EnrolmentSettings, *, code: str, country_code: str, nats_url: str | None = None) -> Keys:
    """Make new keys of every kind for a location, with the URL that its agents use (default: the controller's own)."""
    private_key, public_key = new_key_pair()
    trust = settings.trust_file.value
    credentials = location_credentials(trust, location=code, country=country_code, now=utc_now())
    file = enrolment.Enrolment(
        location=code,
        country=country_code,
        nats_url=nats_url or settings.nats_url.value,
        sealing_key=private_key,
        nats_credentials=credentials.text(),
        nats_ca=settings.nats_ca_file.value if settings.nats_ca_file else None,
        verify_keys=verify_keys(trust),
    )
    return Keys(file, public_key, credentials.user, nkeys.public_key(location_account(trust, code)))


async def add_location(
    database: Database,
    settings: EnrolmentSettings,
    *,
    code: str,
    name: str,
    country_code: str,
    enrolment_file: Path,
    nats_url: str | None = None,
) -> Location | None:
    """Make a location with new keys. Returns None, and changes nothing, when the code is taken. `nats_url` is stored
    for all its enrolment files (default: the controller's own).

    Raises FileError, also when the file exists already, StoreUnavailableError.
    """
    if await locations.by_code(database, code) is not None:
        return None
    require_new(enrolment_file)
    require_writable(enrolment_file)
    keys = new_keys(settings, code=code, country_code=country_code, nats_url=nats_url)
    login = {"nats_user": keys.nats_user, "nats_account": keys.nats_account}
    async with location_keys.announced(database, sealing_key=keys.sealing_key, **login):
        with removed_on_failure() as written:
            async with (
                database.one_transaction() as own,
                locations.inserting(
                    own,
                    code=code,
                    name=name,
                    country_code=country_code,
                    public_key=keys.sealing_key,
                    **login,
                    nats_url=nats_url,
                    request_keys=keys.request_keys,
                ) as location,
            ):
                if location is not None:
                    await record(own, operator(), AuditAction.LOCATION_ADDED, after=location)
                    with named(enrolment_file):
                        enrolment.write(enrolment_file, keys.enrolment)
                    written.append(enrolment_file)
    return location


async def rotate_location(
    database: Database,
    settings: EnrolmentSettings,
    *,
    code: str,
    keep: timedelta,
    enrolment_file: Path,
    nats_url: str | None = None,
) -> bool:
    """Give a location new keys. Agents with older ones work on for as long as `keep`. Returns False, and changes
    nothing, when there is no such location. Without `nats_url` the stored one stays.

    The old file is put back when the new keys cannot be stored. Raises FileError, also when the existing file is not
    the location's own, StoreUnavailableError.
    """
    here = await locations.by_code(database, code)
    if here is None:
        return False
    _require_own(enrolment_file, code)
    require_writable(enrolment_file)
    keys = new_keys(settings, code=code, country_code=here.country_code, nats_url=nats_url or here.nats_url)
    new = {"sealing_key": keys.sealing_key, "nats_user": keys.nats_user, "nats_account": keys.nats_account}
    async with location_keys.announced(database, **new):
        with named(enrolment_file), ExitStack() as files:
            async with database.one_transaction() as own, location_keys.rotating(own, code) as rotation:
                if rotation is None:
                    return False
                await rotation.store(**new, keep=keep, nats_url=nats_url, request_keys=keys.request_keys)
                after = {"oldKeysEndAfter": str(keep), "natsUrl": nats_url}
                await record_about(own, operator(), AuditAction.LOCATION_ROTATED, object_of(here), after=after)
                with named(enrolment_file):
                    files.enter_context(enrolment.replacing(enrolment_file, keys.enrolment))
    return True


def _require_own(path: Path, code: str) -> None:
    """Refuse to replace any other file than the location's own. Raises FileError."""
    with named(path):
        if not path.exists():
            return
    try:
        other = enrolment.read(path).location
    except enrolment.EnrolmentError as error:
        raise FileError(str(error)) from error
    if other != code:
        raise FileError(f"{path} is the enrolment file of {other!r}: it would be lost")
