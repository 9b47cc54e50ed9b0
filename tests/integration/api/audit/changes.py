"""One request for each route that changes something, with secrets in every field that takes one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from controller.operations.accounts.sessions import make_login_code
from tests.integration.api.audit.of_maintenance import OF_MAINTENANCE
from tests.integration.api.audit.of_policies_and_incidents import OF_POLICIES_AND_INCIDENTS
from tests.integration.api.audit.of_settings import OF_SETTINGS
from tests.integration.api.audit.our_changes import OUR_CHANGES, Change
from tests.integration.api.audit.world import MARK, PASSWORD, SMTP, World
from tests.integration.api.channels.channel_client import CHANNELS
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION
from tests.integration.api.outages import make_locations
from tests.integration.api.people import session_headers
from tests.integration.pages.browser import browsing


async def _users_of(world: World, body: dict[str, Any]) -> None:
    await world.send("PATCH", f"/api/users/{await world.user()}", body)


async def _code(world: World) -> None:
    made = await make_login_code(world.api.database, world.admin.email)
    assert made is not None
    world.secrets.append(made[1].reveal())
    async with browsing(world.api) as browser:
        page = await browser.submit(await browser.open("/login"), "/login/code", follow=False, code=made[1].reveal())
    assert page.status == 303


async def _login_page(world: World) -> None:
    async with browsing(world.api) as browser:
        page = await browser.submit(
            await browser.open("/login"), "/login", follow=False, email=world.admin.email, password=PASSWORD
        )
    assert page.status == 303


async def _access_token(world: World) -> None:
    body = {"username": world.admin.email, "password": PASSWORD}
    world.secrets.append((await world.send("POST", "/api/v3/access-tokens", body))["access_token"])


async def _monitor_path(world: World, group: str, rest: str = "") -> str:
    made = await (world.smtp() if group == "smtp-monitors" else world.imap())
    return f"/api/{group}/{made['publicId']}{rest}"


async def _end_session(world: World) -> None:
    await session_headers(world.api, world.admin.id)
    page = await world.browser.open("/account")
    form = next(form for form in page.forms if form.action == "/account/sessions/end")
    await world.browser.post("/account/sessions/end", follow=False, session=form.fields["session"][0])


async def _end_others(world: World) -> None:
    await session_headers(world.api, world.admin.id)
    await world.browser.post("/account/sessions/end-others", follow=False)


async def _new_monitor_page(world: World) -> None:
    await make_locations(world.api)
    customer = str(world.api.customer)
    await world.submit("/monitors/new", "/monitors/new", host="mx.example.com", customer=customer)


async def _policy_of(world: World, path: str) -> None:
    await world.send("PATCH", path, {"quorum": "all"})
    await world.send("PATCH", path, {"quorum": "any"})


async def _delete_package(world: World) -> None:
    key = uuid4().hex
    await world.send("PATCH", f"/api/package-configs/{key}", {})
    await world.send("DELETE", f"/api/package-configs/{key}")


CHANGES: dict[tuple[str, str], tuple[str, Change]] = {
    ("POST", "/api/smtp-monitors"): ("monitor.created", lambda w: w.smtp()),
    ("POST", "/api/imap-pop-monitors"): ("monitor.created", lambda w: w.imap()),
    ("POST", "/api/customers"): (
        "customer.created",
        lambda w: w.send(
            "POST",
            "/api/customers",
            {
                "name": "N",
                "email": "n@example.com",
                "organizationId": w.organization,
                "customFields": {"apiKey": f"{MARK}-field"},
            },
        ),
    ),
    ("PATCH", "/api/package-configs/{}"): (
        "package.created",
        lambda w: w.send("PATCH", f"/api/package-configs/{uuid4().hex}", {}),
    ),
    ("DELETE", "/api/package-configs/{}"): ("package.deleted", _delete_package),
    ("PATCH", "/api/escalation-config/{}"): (
        "channel.created",
        lambda w: w.send("PATCH", f"/api/escalation-config/{ORGANIZATION}", {"defaultEmail": "a@example.com"}),
    ),
    ("PATCH", "/api/organization/billing"): (
        "organization.changed",
        lambda w: w.send("PATCH", "/api/organization/billing", {"billingEmail": f"{uuid4().hex}@example.com"}),
    ),
    ("POST", "/api/notification-channels"): ("channel.created", lambda w: w.channel()),
    ("POST", "/api/session"): ("session.login", lambda w: w.login()),
    ("POST", "/api/users"): ("user.created", lambda w: w.user()),
    ("POST", "/api/organization/tokens"): ("token.created", lambda w: w.token("/api/organization/tokens")),
    ("POST", "/api/customer/tokens"): (
        "token.created",
        lambda w: w.token("/api/customer/tokens", customerId=w.api.customer),
    ),
    ("POST", "/api/v3/access-tokens"): ("session.login", _access_token),
    ("POST", "/monitors/new"): (
        "monitor.created",
        _new_monitor_page,
    ),
    ("POST", "/login"): ("session.login", _login_page),
    ("POST", "/login/code"): ("session.login", _code),
    ("POST", "/logout"): ("session.logout", lambda w: w.submit("/account", "/logout")),
    ("POST", "/account/password"): (
        "user.changed",
        lambda w: w.submit(
            "/account",
            "/account/password",
            current=PASSWORD,
            password=f"{MARK} a new password",
            again=f"{MARK} a new password",
        ),
    ),
    ("POST", "/account/sessions/end"): ("session.ended", _end_session),
    ("POST", "/account/sessions/end-others"): ("session.ended", _end_others),
    ("DELETE", "/api/session"): ("session.logout", lambda w: w.send("DELETE", "/api/session")),
    ("PATCH", "/api/users/{}"): ("user.role_changed", lambda w: _users_of(w, {"role": "user", "password": PASSWORD})),
    ("PATCH", "/api/organization"): (
        "organization.changed",
        lambda w: w.send(
            "PATCH",
            "/api/organization",
            {"city": uuid4().hex, "defaultNotificationTargets": {"slack": f"https://hooks.example.com/{MARK}"}},
        ),
    ),
    ("PATCH", "/api/v3/account-defaults"): (
        "defaults.changed",
        lambda w: w.send("PATCH", "/api/v3/account-defaults", {"timeout": 41}),
    ),
    ("PATCH", "/api/v1/organizations/{}"): (
        "organization.changed",
        lambda w: w.send("PATCH", f"/api/v1/organizations/{ORGANIZATION}", {"keepResultsDays": 7}),
    ),
    ("PATCH", "/api/organization/policy"): ("policy.changed", lambda w: _policy_of(w, "/api/organization/policy")),
    ("PATCH", "/api/customers/{}/policy"): (
        "policy.changed",
        lambda w: _policy_of(w, f"/api/customers/{CUSTOMER}/policy"),
    ),
}


async def _delete_user(world: World) -> None:
    await world.send("DELETE", f"/api/users/{await world.user()}")


async def _update_customer(world: World) -> None:
    await world.send("PATCH", f"/api/customers/{CUSTOMER}", {"customFields": {"apiKey": f"{MARK}{uuid4().hex}"}})


async def _update_channel(world: World) -> None:
    number = await world.channel()
    config = {"url": f"https://hooks.example.com/{MARK}-other", "secret": f"{MARK}-other"}
    await world.send("PATCH", f"{CHANNELS}/{number}", {"config": config})


async def _delete_channel(world: World) -> None:
    await world.send("DELETE", f"{CHANNELS}/{await world.channel()}")


async def _delete_token(world: World, path: str, **fields: Any) -> None:
    await world.send("DELETE", f"{path}/{await world.token(path, **fields)}")


def _update_monitor(group: str, name: str, field_: str) -> Change:
    async def update(world: World) -> None:
        config = SMTP if name == "smtpConfig" else {"protocol": "imap", "username": "u"}
        await world.send("PATCH", await _monitor_path(world, group), {name: {**config, field_: f"{MARK}-new"}})

    return update


def _delete_monitor(group: str) -> Change:
    async def delete(world: World) -> None:
        await world.send("DELETE", await _monitor_path(world, group))

    return delete


def _monitor_policy(group: str) -> Change:
    async def change(world: World) -> None:
        await _policy_of(world, await _monitor_path(world, group, "/policy"))

    return change


def _edit(kind: str, method: str) -> Change:
    async def edit(world: World) -> None:
        number = await world.alertsite(kind)
        await world.send(method, f"/api/v3/monitors/{kind}/{number}", {"name": "Another"})

    return edit


async def _change_sign_on(world: World) -> None:
    await world.sign_on()
    await world.send("PATCH", "/api/v1/sign-on", {"clientSecret": f"{MARK}-another", "defaultRole": "readonly"})


async def _delete_sign_on(world: World) -> None:
    await world.sign_on()
    await world.send("DELETE", "/api/v1/sign-on")


def _create(kind: str) -> Change:
    async def create(world: World) -> None:
        await world.alertsite(kind)

    return create


async def _delete_at_alertsite(world: World) -> None:
    await world.send("DELETE", f"/api/v3/monitors/{await world.alertsite('email-smtp')}")


CHANGES |= OUR_CHANGES | OF_SETTINGS | OF_MAINTENANCE
CHANGES |= {
    ("DELETE", "/api/users/{}"): ("user.deleted", _delete_user),
    ("PATCH", "/api/customers/{}"): ("customer.changed", _update_customer),
    ("PATCH", "/api/notification-channels/{}"): ("channel.changed", _update_channel),
    ("DELETE", "/api/notification-channels/{}"): ("channel.deleted", _delete_channel),
    ("DELETE", "/api/organization/tokens/{}"): (
        "token.deleted",
        lambda w: _delete_token(w, "/api/organization/tokens"),
    ),
    ("DELETE", "/api/customer/tokens/{}"): (
        "token.deleted",
        lambda w: _delete_token(w, "/api/customer/tokens", customerId=w.api.customer),
    ),
    ("PATCH", "/api/smtp-monitors/{}"): (
        "monitor.changed",
        _update_monitor("smtp-monitors", "smtpConfig", "smtpPassword"),
    ),
    ("PATCH", "/api/imap-pop-monitors/{}"): (
        "monitor.changed",
        _update_monitor("imap-pop-monitors", "imapPopConfig", "password"),
    ),
    **{
        ("DELETE", f"/api/{group}/{{}}"): ("monitor.deleted", _delete_monitor(group))
        for group in ("smtp-monitors", "imap-pop-monitors")
    },
    **{
        ("PATCH", f"/api/{group}/{{}}/policy"): ("policy.changed", _monitor_policy(group))
        for group in ("smtp-monitors", "imap-pop-monitors")
    },
    **{
        (method, f"/api/v3/monitors/{kind}/{{}}"): ("monitor.changed", _edit(kind, method))
        for kind in ("email-smtp", "email-imap", "email-pop")
        for method in ("PATCH", "POST")
    },
    **{
        ("POST", f"/api/v3/monitors/{kind}"): ("monitor.created", _create(kind))
        for kind in ("email-smtp", "email-imap", "email-pop")
    },
    ("DELETE", "/api/v3/monitors/{}"): ("monitor.deleted", _delete_at_alertsite),
}
CHANGES |= OF_POLICIES_AND_INCIDENTS

CHANGES |= {
    ("PUT", "/api/v1/sign-on"): ("sign_on.created", lambda w: w.sign_on()),
    ("PATCH", "/api/v1/sign-on"): ("sign_on.changed", _change_sign_on),
    ("DELETE", "/api/v1/sign-on"): ("sign_on.deleted", _delete_sign_on),
}
