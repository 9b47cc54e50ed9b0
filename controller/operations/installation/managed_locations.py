"""Add, rename, rotate, enable, disable and remove locations, over the API or the dashboard, by people of the
organization that runs the installation. The enrolment of a new location, or of new keys, is returned once; only its
public keys are stored.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

from iso3166 import countries_by_alpha2

from controller.decisions.access import may_manage_locations
from controller.decisions.monitors.monitors import check_name
from controller.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidError,
    InvalidFieldsError,
    NotFoundError,
    WrongStateError,
    noting,
)
from controller.model import Location, Principal
from controller.model.audit import AuditAction
from controller.model.locations import LocationKey
from controller.model.values.countries import country_code
from controller.operations.audit.recording import record, record_about
from controller.operations.audit.states import object_of
from controller.operations.installation.enrolment import Keys, new_keys
from controller.settings import EnrolmentSettings
from controller.store.accounts import organizations
from controller.store.locations import keys as location_keys
from controller.store.locations import locations as store
from controller.store.platform.pool import Database
from shared.nats.broker import NatsUrl
from shared.secret import Secret
from shared.wire import enrolment, subjects

MOST_KEYS = 10
"""How many enrolments of a location are listed."""

_CODE = re.compile("[a-z0-9-]{1,50}")
_PAGE = "new"
"""The page that adds a location stands in the place of one with this code."""

Check = Callable[[Database], Awaitable[None]]
"""Refuses a change by an error, while the location is locked; it is given the database of the change."""


async def _in_any_state(_: Database) -> None:
    """A check that refuses nothing."""


class Enrolled(NamedTuple):
    """A location and the content of its new enrolment file."""

    location: Location
    enrolment: Secret


class NewLocation(NamedTuple):
    """`name` None is the country's; `nats_url` None is the controller's own."""

    code: str
    country: str
    name: str | None = None
    nats_url: str | None = None


async def enrol(database: Database, settings: EnrolmentSettings, principal: Principal, new: NewLocation) -> Enrolled:
    """Make a location with new keys. Raises ForbiddenError, InvalidFieldsError, AlreadyExistsError."""
    await require_manager(database, principal)
    country, name = _checked(new)
    keys = new_keys(settings, code=new.code, country_code=country, nats_url=new.nats_url)
    async with (
        database.one_transaction() as own,
        store.inserting(
            own,
            code=new.code,
            name=name,
            country_code=country,
            public_key=keys.sealing_key,
            nats_user=keys.nats_user,
            nats_account=keys.nats_account,
            nats_url=new.nats_url,
            request_keys=keys.request_keys,
        ) as location,
    ):
        if location is None:
            raise AlreadyExistsError(await _why_taken(own, new.code))
        await record(own, principal, AuditAction.LOCATION_ADDED, after=location)
    return _enrolled(location, keys)


async def rotate(
    database: Database,
    settings: EnrolmentSettings,
    principal: Principal,
    code: str,
    *,
    keep: timedelta,
    nats_url: str | None = None,
    check: Check = _in_any_state,
) -> Enrolled:
    """Give a location new keys; agents with older ones work on for as long as `keep`. Without `nats_url` the stored one
    stays. Raises ForbiddenError, InvalidError, NotFoundError, and what `check` raises.
    """
    await require_manager(database, principal)
    _require_code(code)
    check_nats_url(nats_url)
    here = await store.by_code(database, code)
    if here is None:
        raise NotFoundError
    keys = new_keys(settings, code=code, country_code=here.country_code, nats_url=nats_url or here.nats_url)
    async with database.one_transaction() as own, location_keys.rotating(own, code) as rotation:
        if rotation is None:
            raise NotFoundError
        await check(own)
        await rotation.store(
            sealing_key=keys.sealing_key,
            nats_user=keys.nats_user,
            nats_account=keys.nats_account,
            keep=keep,
            nats_url=nats_url,
            request_keys=keys.request_keys,
        )
        after = {"oldKeysEndAfter": str(keep), "natsUrl": nats_url}
        await record_about(own, principal, AuditAction.LOCATION_ROTATED, object_of(here), after=after)
    return _enrolled(here, keys)


async def switch(
    database: Database, principal: Principal, code: str, *, enabled: bool, check: Check = _in_any_state
) -> None:
    """Raises ForbiddenError, NotFoundError, and what `check` raises."""
    await require_manager(database, principal)
    _require_code(code)
    action = AuditAction.LOCATION_ENABLED if enabled else AuditAction.LOCATION_DISABLED
    async with database.one_transaction() as own:
        before = await store.locked(own, code)
        if before is None:
            raise NotFoundError
        await check(own)
        after = await store.set_enabled(own, code, enabled=enabled)
        await record(own, principal, action, before=before, after=after)


async def remove(database: Database, principal: Principal, code: str, *, check: Check = _in_any_state) -> None:
    """Remove a disabled location; its history stays. Raises ForbiddenError, NotFoundError, WrongStateError, and what
    `check` raises.
    """
    await require_manager(database, principal)
    _require_code(code)
    async with database.one_transaction() as own:
        here = await store.locked(own, code)
        if here is None:
            raise NotFoundError
        await check(own)
        if not await store.remove(own, code):
            raise WrongStateError(f"{code} is enabled: disable it first, which cuts its agents off")
        await record_about(own, principal, AuditAction.LOCATION_REMOVED, object_of(here))


async def rename(
    database: Database,
    principal: Principal,
    code: str,
    name: str | None,
    *,
    check: Check = _in_any_state,
    expect: Callable[[Location], None] = lambda _: None,
) -> None:
    """Give a location another name for people; None is its country's. `expect` looks at the location as it is, while it
    is locked. Raises ForbiddenError, InvalidError, NotFoundError, and what `check` and `expect` raise.
    """
    await require_manager(database, principal)
    _require_code(code)
    if name is not None:
        check_name(name)
    async with database.one_transaction() as own:
        before = await store.locked(own, code)
        if before is None:
            raise NotFoundError
        await check(own)
        expect(before)
        after = await store.rename(own, code, name or countries_by_alpha2[before.country_code].apolitical_name)
        await record(own, principal, AuditAction.LOCATION_RENAMED, before=before, after=after)


async def manages_locations(database: Database, principal: Principal) -> bool:
    """Whether the principal may add and change locations."""
    here = principal.works_in
    operating = here is not None and await organizations.is_operating(database, here)
    return may_manage_locations(principal, operating=operating)


async def require_manager(database: Database, principal: Principal) -> None:
    """Raises ForbiddenError."""
    if not await manages_locations(database, principal):
        raise ForbiddenError


async def keys_of(database: Database, principal: Principal, code: str) -> list[LocationKey]:
    """The enrolments that a location was given, the newest first, the oldest left out. Raises ForbiddenError,
    NotFoundError.
    """
    await require_manager(database, principal)
    _require_code(code)
    here = await store.by_code(database, code)
    if here is None:
        raise NotFoundError
    return await location_keys.keys_of(database, here.id, most=MOST_KEYS)


async def removed_locations(database: Database, principal: Principal) -> list[Location]:
    """The locations that were removed, by code; adding one again brings its history back. Raises ForbiddenError."""
    await require_manager(database, principal)
    return [here for here in await store.all_locations(database) if here.removed]


def _require_code(code: str) -> None:
    """Raises NotFoundError for what no location can have, such as a text that PostgreSQL cannot hold."""
    try:
        if subjects.token(code) == code:
            return
    except ValueError:
        pass
    raise NotFoundError


def check_code(code: str) -> None:
    """Raises InvalidError."""
    if not _CODE.fullmatch(code) or code == _PAGE:
        raise InvalidError(
            "code", f"must be 1 to 50 lower-case letters (a to z), digits and hyphens, and not the word {_PAGE!r}"
        )


def _checked(new: NewLocation) -> tuple[str, str]:
    """The country and the name. Raises InvalidFieldsError."""
    problems: list[InvalidError] = []
    country, name = new.country, new.name
    with noting(problems):
        check_code(new.code)
    with noting(problems):
        country = country_code(new.country, field="country")
        name = countries_by_alpha2[country].apolitical_name if name is None else name
    with noting(problems):
        check_name(new.country if name is None else name)
    with noting(problems):
        check_nats_url(new.nats_url)
    if problems:
        raise InvalidFieldsError(problems)
    return country, name or country


def check_nats_url(url: str | None, *, field: str = "natsUrl") -> None:
    """Raises InvalidError."""
    try:
        if url is not None:
            NatsUrl(url)
    except ValueError as error:
        raise InvalidError(field, str(error)) from None


async def _why_taken(database: Database, code: str) -> str:
    if await store.by_code(database, code) is None:
        return f"a removed location {code!r} in another country has history: choose another code"
    return f"there is a location {code!r} already"


def _enrolled(location: Location, keys: Keys) -> Enrolled:
    return Enrolled(location, enrolment.text_of(keys.enrolment))
