"""An installation with people, tokens, customers and single sign-on, for the pictures of the settings."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.model import Role
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.model.sign_on import GroupRole, SignOn
from controller.store.accounts import customers, login_codes, people, sessions, sign_on, tokens
from controller.store.accounts.people import NewAccount
from controller.store.audit import entries
from controller.store.platform.pool import Database
from shared.secret import Secret
from tests.pictures.places import EMAIL, Installation, install
from tests.pictures.worlds import World

_HOSTILE = "\u202enimda\u202c <b>bold</b>"


async def office(database: Database, now: datetime) -> World:
    here = await install(database, now)
    things = await _people(here) | await _tokens(here) | await _customers(here)
    await _sign_on(here)
    return World(here.cookie, {}, {}, {}, things)


async def _people(here: Installation) -> dict[str, str]:
    things = {}
    for key, first, last, role, limits in (
        ("editor", "Jonas", "Lindqvist", Role.EDITOR, None),
        ("blind", "Amélie", "Dubois", Role.READONLY, None),
        ("limited", _HOSTILE, "Nakamura", Role.USER, list(here.customers[:2])),
        ("invited", None, None, Role.ADMIN, None),
    ):
        account = await people.insert(
            here.database,
            NewAccount(
                organization_id=here.organization,
                email=f"{key}.with-a-rather-long-address@example.com",
                first_name=first,
                last_name=last,
                role=role,
                customer_ids=limits,
                password_hash="$argon2id$nobody",
            ),
        )
        assert account is not None
        things[key] = str(account.public_id)
        if key in {"editor", "limited"}:
            await sessions.insert(here.database, account.id, Secret(f"a-session-of-{key}"), cookie=True)
        if key == "invited":
            await login_codes.insert_for(here.database, account.id, Secret("a-code"), timedelta(days=3))
    own = await people.by_identifier(here.database, here.account)
    assert own is not None
    assert own.email == EMAIL
    return things | {"own": str(own.public_id)}


async def _tokens(here: Installation) -> dict[str, str]:
    things = {}
    maker = Actor(kind=ActorKind.PERSON, number=here.account)
    for key, name, customer, days in (
        ("report", "Nightly report", None, 30),
        ("deploy", f"Deployment {_HOSTILE}", here.customers[0], None),
        ("old", "Old dashboard", None, -3),
    ):
        made = await tokens.insert(
            here.database,
            tokens.new_token(),
            organization_id=here.organization,
            customer_id=customer,
            name=name,
            expires_in=None if days is None else timedelta(days=days),
        )
        what = AuditObject(kind=ObjectKind.TOKEN, id=str(made.public_id), name=name, organization_id=here.organization)
        await entries.insert(here.database, maker, AuditAction.TOKEN_CREATED, what, None, None)
        things[key] = str(made.public_id)
    await here.run("UPDATE api_token SET last_used_at = $1 WHERE name = 'Nightly report'", here.now)
    return things


async def _customers(here: Installation) -> dict[str, str]:
    await here.run(
        "UPDATE customer SET notification_email = 'night@example.com', allowed_check_country_codes = '{DE,FR}',"
        " status = 'marked_for_cancellation', cancelled_at = $2, custom_fields = $3 WHERE id = $1",
        here.customers[0],
        here.now - timedelta(days=2),
        {"contract": "A-1"},
    )
    found = await customers.customer_of(here.database, here.organization, here.customers[0])
    assert found is not None
    return {"customer": str(found.public_id)}


async def _sign_on(here: Installation) -> None:
    limits = await customers.customers_of(here.database, here.organization, frozenset(here.customers[:1]))
    await sign_on.save(
        here.database,
        SignOn(
            organization_id=here.organization,
            issuer="https://login.example.com/realms/example",
            client_id="mailprobe",
            config={"clientSecret": "sealed"},
            scopes=["openid", "email", "profile"],
            groups_claim="groups",
            roles=[
                GroupRole(group="mail-admins", role=Role.ADMIN),
                GroupRole(group="mail-operators", role=Role.USER, customers=[one.public_id for one in limits]),
            ],
            default_role=None,
            create_users=True,
            allowed_email_domains=["example.com"],
            created_at=here.now,
            updated_at=here.now,
        ),
    )
    what = AuditObject(kind=ObjectKind.USER, name="jonas@example.com", organization_id=here.organization)
    after = {"by": "single sign-on", "reason": "the provider has not verified the e-mail address"}
    nobody = Actor(kind=ActorKind.PERSON, address="192.0.2.7")
    await entries.insert(here.database, nobody, AuditAction.LOGIN_FAILED, what, None, after)
