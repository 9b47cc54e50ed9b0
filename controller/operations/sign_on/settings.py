"""Read and change how the people of an organization sign in by its provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission
from controller.decisions.sign_on import problems_of
from controller.errors import InvalidError, InvalidFieldsError, NotFoundError
from controller.model import Organization, Principal, Role
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.sign_on import CLIENT_SECRET, GroupRole, SignOn
from controller.notify.destinations import Destinations
from controller.notify.errors import DeliveryError
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.store.accounts import customers, organizations
from controller.store.accounts import sign_on as store
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.secret import Secret

NOT_FOUND = "The organization has no single sign-on"


class SignOnChange(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, as they shall be. A secret that is unset stays as it is, and None removes it."""

    issuer: str
    client_id: str
    client_secret: Secret | UnsetType | None
    scopes: list[str]
    groups_claim: str
    roles: list[GroupRole]
    default_role: Role | None
    create_users: bool
    allowed_email_domains: list[str] | None


class OwnedSignOn(msgspec.Struct, frozen=True, kw_only=True):
    """Settings and the organization that they are of; `created` is true where there were none before."""

    organization: Organization
    sign_on: SignOn
    created: bool = False


Decide = Callable[[OwnedSignOn | None], SignOnChange]
"""What the settings shall be, from those that are stored."""


async def get_sign_on(database: Database, principal: Principal) -> OwnedSignOn:
    """Raises ForbiddenError, NotFoundError."""
    organization = await _organization(database, principal)
    found = await store.of_organization(database, organization.id)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return OwnedSignOn(organization=organization, sign_on=found)


async def change_sign_on(
    database: Database,
    vault: Vault,
    destinations: Destinations,
    principal: Principal,
    decide: Decide,
    *,
    now: datetime,
) -> OwnedSignOn:
    """Store what `decide` makes of the settings, which are locked meanwhile; it is called again when the address of
    the provider had to be looked up first. Raises InvalidFieldsError, ForbiddenError, and what `decide` raises.
    """
    organization = await _organization(database, principal)
    permitted: str | None = None
    while True:
        async with database.one_transaction() as own:
            before = await store.of_organization(own, organization.id, lock=True)
            owned = OwnedSignOn(organization=organization, sign_on=before) if before else None
            change = decide(owned)
            new = await _checked(own, vault, organization, before, change, now)
            if new.issuer in (permitted, before and before.issuer):
                saved = await store.save(own, new)
                await record_about(
                    own,
                    principal,
                    AuditAction.SIGN_ON_CHANGED if before else AuditAction.SIGN_ON_CREATED,
                    _object(organization),
                    before=_fields(before) if before else None,
                    after=_fields(saved),
                )
                return OwnedSignOn(organization=organization, sign_on=saved, created=before is None)
        await _check_address(destinations, new.issuer)
        permitted = new.issuer


async def delete_sign_on(database: Database, principal: Principal, check: Callable[[OwnedSignOn], None]) -> None:
    """`check` may refuse it while it is locked. Raises ForbiddenError, NotFoundError."""
    organization = await _organization(database, principal)
    async with database.one_transaction() as own:
        before = await store.of_organization(own, organization.id, lock=True)
        if before is None:
            raise NotFoundError(NOT_FOUND)
        check(OwnedSignOn(organization=organization, sign_on=before))
        await store.delete(own, organization.id)
        await record_about(own, principal, AuditAction.SIGN_ON_DELETED, _object(organization), before=_fields(before))


async def _organization(database: Database, principal: Principal) -> Organization:
    number = principal.organization_id
    require(principal, Permission.MANAGE_SIGN_ON, number, None)
    found = await organizations.by_id(database, number)
    if found is None:
        raise NotFoundError
    return found


async def _checked(
    database: Database,
    vault: Vault,
    organization: Organization,
    before: SignOn | None,
    change: SignOnChange,
    now: datetime,
) -> SignOn:
    """The settings to store. Raises InvalidFieldsError with everything that is wrong with them."""
    domains = change.allowed_email_domains
    new = SignOn(
        organization_id=organization.id,
        issuer=change.issuer,
        client_id=change.client_id,
        config=_config(vault, before, change),
        scopes=list(dict.fromkeys(change.scopes)),
        groups_claim=change.groups_claim,
        roles=change.roles,
        default_role=change.default_role,
        create_users=change.create_users,
        allowed_email_domains=None if domains is None else list(dict.fromkeys(map(str.lower, domains))),
        created_at=now,
        updated_at=now,
    )
    problems = problems_of(new, operating=await organizations.is_operating(database, organization.id))
    if before and change.client_secret is UNSET and before.config and new.issuer != before.issuer:
        problems.append(InvalidError(CLIENT_SECRET, "must be sent with a new issuer, which else would get the old one"))
    problems += await _unknown_customers(database, organization.id, new.roles)
    if problems:
        raise InvalidFieldsError(problems)
    return new


def _config(vault: Vault, before: SignOn | None, change: SignOnChange) -> dict[str, Any]:
    stored = before.config if before else {}
    match change.client_secret:
        case Secret() as secret:
            return {CLIENT_SECRET: vault.encrypt(secret.reveal())}
        case None:
            return {}
    return stored


async def _unknown_customers(database: Database, organization_id: int, roles: list[GroupRole]) -> list[InvalidError]:
    named: list[int | UUID] = [customer for given in roles for customer in given.customers or ()]
    numbers = dict(zip(named, await customers.numbers_of(database, organization_id, named), strict=True))
    return [
        InvalidError(f"roles[{index}].customers", "must be ids of customers of the organization")
        for index, given in enumerate(roles)
        if any(numbers[customer] is None for customer in given.customers or ())
    ]


async def _check_address(destinations: Destinations, issuer: str) -> None:
    """Raises InvalidError for a host with only private addresses. One that cannot be resolved now is accepted."""
    try:
        await destinations.addresses(urlsplit(issuer).hostname or "")
    except DeliveryError as error:
        if error.permanent:
            raise InvalidError(
                "issuer",
                "must not lead to a private address (MAILPROBE_NOTIFY_ALLOW_NETWORKS of the controller allows some)",
            ) from error


def _object(organization: Organization) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.SIGN_ON,
        id=str(organization.public_id),
        name=organization.name,
        organization_id=organization.id,
    )


def _fields(sign_on: SignOn) -> dict[str, Any]:
    """What an entry of the audit log may hold; it hides secrets by their names."""
    return {
        "issuer": sign_on.issuer,
        "clientId": sign_on.client_id,
        **sign_on.config,
        "scopes": sign_on.scopes,
        "groupsClaim": sign_on.groups_claim,
        "roles": msgspec.to_builtins(sign_on.roles),
        "defaultRole": sign_on.default_role,
        "createUsers": sign_on.create_users,
        "allowedEmailDomains": sign_on.allowed_email_domains,
    }
