"""One request for each route that changes something, with secrets in every field that takes one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from argon2 import PasswordHasher

from controller.model import Role
from controller.operations.accounts.sessions import make_login_code
from tests.integration.api.channels.channel_client import CHANNELS
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.outages import make_locations, outage
from tests.integration.api.people import Person, organization_of, person, session_headers
from tests.integration.pages.browser import Browser, Page, browsing

MARK = "geheim"
"""A part of every secret that is sent."""
PASSWORD = f"{MARK} pass phrase"
SMTP = {"smtpUsername": "probe@example.com", "smtpPassword": f"{MARK}-smtp"}
HOOK: dict[str, Any] = {
    "type": "webhook",
    "name": "On call",
    "config": {
        "url": f"https://hooks.example.com/{MARK}?key={MARK}",
        "secret": f"{MARK}-webhook",
        "headers": {"Authorization": f"Bearer {MARK}", "X-Custom": f"{MARK}-header"},
        "timeout": 5,
    },
}
ADDRESS = "192.0.2.77"


@dataclass
class World:
    """An admin with a password, by a program (`client`) and by a browser; `secrets` are those that were answered."""

    api: Api
    client: httpx.AsyncClient
    browser: Browser
    admin: Person
    organization: int
    secrets: list[str] = field(default_factory=list)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code in {200, 201, 204}, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def smtp(self, **fields: Any) -> dict[str, Any]:
        body = {"customerId": CUSTOMER, "name": "M", "hostname": "smtp.example.com", "smtpConfig": SMTP, **fields}
        made: dict[str, Any] = await self.send("POST", "/api/smtp-monitors", body)
        return made

    async def imap(self) -> dict[str, Any]:
        config = {"protocol": "imap", "username": "u", "password": f"{MARK}-imap"}
        body = {"customerId": CUSTOMER, "name": "I", "hostname": "imap.example.com", "imapPopConfig": config}
        made: dict[str, Any] = await self.send("POST", "/api/imap-pop-monitors", body)
        return made

    async def alertsite(self, kind: str) -> str:
        body = {
            "billing_plancode": "UBM - A/A",
            "name": "A",
            "hostname": "mail.example.com",
            "security": {"auth_type": "Login", "username": "u", "password": f"{MARK}-alertsite"},
        }
        return str((await self.send("POST", f"/api/v3/monitors/{kind}", body))["id"])

    async def channel(self) -> int:
        return int((await self.send("POST", CHANNELS, HOOK))["id"])

    async def user(self) -> str:
        body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "role": "admin"}
        made = await self.send("POST", "/api/users", body)
        return str(made.get("user", made)["publicId"])

    async def token(self, path: str, **fields: Any) -> int:
        made = await self.send("POST", path, {"name": "robot", **fields})
        self.secrets.append(_token_in(made))
        return int(_number_in(made))

    async def incident(self) -> str:
        await make_locations(self.api)
        made = await outage(self.api, await self.smtp())
        return str(made.incident.public_id)

    async def login(self) -> None:
        answer = await self.client.post("/api/session", json={"email": self.admin.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.secrets.append(self.client.cookies["mailprobe_session"])

    async def submit(self, page: str, action: str, **values: Any) -> Page:
        answer = await self.browser.submit(await self.browser.open(page), action, follow=False, **values)
        assert answer.status == 303, (answer.status, answer.text)
        return answer


@asynccontextmanager
async def open_world(api: Api) -> AsyncIterator[World]:
    await api.value("DELETE FROM request_count")
    organization = await organization_of(api, "Ours")
    admin = await person(api, Role.ADMIN, organization=organization, password_hash=PasswordHasher().hash(PASSWORD))
    transport = httpx.ASGITransport(api.application, client=(ADDRESS, 5))  # type: ignore[arg-type]
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://mailprobe.test", headers=admin.headers) as client,
        browsing(api, admin) as browser,
    ):
        yield World(api, client, browser, admin, organization)


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
    await world.browser.post("/account/sessions/end", follow=False, session=form.fields["session"])


async def _end_others(world: World) -> None:
    await session_headers(world.api, world.admin.id)
    await world.browser.post("/account/sessions/end-others", follow=False)


async def _in_incident(world: World, action: str, field_: str) -> None:
    public_id = await world.incident()
    await world.browser.post(f"/incidents/{public_id}/{action}", follow=False, **{field_: "by hand"})


async def _new_monitor_page(world: World) -> None:
    await make_locations(world.api)
    customer = str(world.api.customer)
    await world.submit("/monitors/new", "/monitors/new", hostname="mx.example.com", customer=customer)


async def _policy_of(world: World, path: str) -> None:
    await world.send("PATCH", path, {"quorum": "all"})
    await world.send("PATCH", path, {"quorum": "any"})


Change = Callable[[World], Awaitable[Any]]

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


def _create(kind: str) -> Change:
    async def create(world: World) -> None:
        await world.alertsite(kind)

    return create


async def _delete_at_alertsite(world: World) -> None:
    await world.send("DELETE", f"/api/v3/monitors/{await world.alertsite('email-smtp')}")


def _handle(action: str, body: dict[str, str]) -> Change:
    async def handle(world: World) -> None:
        await world.send("POST", f"/api/incidents/{await world.incident()}/{action}", body)

    return handle


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
    ("POST", "/api/incidents/{}/acknowledge"): ("incident.acknowledged", _handle("acknowledge", {"comment": "mine"})),
    ("POST", "/api/incidents/{}/comments"): ("incident.commented", _handle("comments", {"comment": "hm"})),
    ("POST", "/api/incidents/{}/resolve"): ("incident.resolved", _handle("resolve", {"reason": "over"})),
    ("POST", "/incidents/{}/acknowledge"): (
        "incident.acknowledged",
        lambda w: _in_incident(w, "acknowledge", "comment"),
    ),
    ("POST", "/incidents/{}/comment"): ("incident.commented", lambda w: _in_incident(w, "comment", "comment")),
    ("POST", "/incidents/{}/resolve"): ("incident.resolved", lambda w: _in_incident(w, "resolve", "reason")),
}

UNRECORDED: dict[tuple[str, str], str] = {
    ("POST", "/api/smtp-monitors/{}/trigger-check"): "a check by hand changes nothing that somebody has set",
    ("POST", "/api/imap-pop-monitors/{}/trigger-check"): "the same",
    ("POST", "/monitors/{}/check"): "the same",
    ("POST", "/api/notification-channels/test"): "nothing is stored",
    ("POST", "/account/view"): "colours and keys of this browser, in a cookie",
    ("POST", "/organization"): "which organization this browser shows, in a cookie",
}


def _token_in(made: dict[str, Any]) -> str:
    found = [
        value for value in _values(made) if isinstance(value, str) and value.startswith("wsm_") and len(value) > 20
    ]
    assert found, made
    return str(found[0])


def _number_in(made: dict[str, Any]) -> int:
    inner = next((value for value in made.values() if isinstance(value, dict) and "id" in value), made)
    return int(inner["id"])


def _values(made: Any) -> list[Any]:
    if isinstance(made, dict):
        return [value for item in made.values() for value in _values(item)]
    return [made]
