"""One request for each route of our own API that changes customers, people, tokens or channels, with secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.audit.world import MARK, PASSWORD, World
from tests.integration.api.conftest import CUSTOMER
from tests.integration.api.people import session_headers

_V1 = "/api/v1"
_HOOK: dict[str, Any] = {
    "type": "webhook",
    "url": f"https://hooks.example.com/{MARK}?key={MARK}",
    "secret": f"{MARK}-webhook",
    "headers": {"Authorization": f"Bearer {MARK}", "X-Custom": f"{MARK}-header"},
    "timeout": 5,
}


def _email() -> str:
    return f"{uuid4().hex}@example.com"


def _new(path: str) -> dict[str, Any]:
    """A body to create something with."""
    bodies: dict[str, dict[str, Any]] = {
        "customers": {"name": "N", "customFields": {"apiKey": f"{MARK}{uuid4().hex}"}},
        "users": {"email": _email(), "password": PASSWORD, "role": "admin"},
        "channels": {"name": "On call", "config": _HOOK},
        "tokens": {"name": "robot", "scope": "write", "customerId": CUSTOMER},
        "screens": {"name": "Hall", "wall": {"customerId": CUSTOMER, "by": "customer"}},
        "saved-filters": {"name": uuid4().hex, "query": "state=down"},
    }
    return bodies[path]


def _other(path: str) -> dict[str, Any]:
    """What is changed."""
    bodies: dict[str, dict[str, Any]] = {
        "customers": {"customFields": {"apiKey": f"{MARK}-other"}},
        "users": {"password": f"{PASSWORD} 2"},
        "channels": {"config": {"secret": f"{MARK}-other", "url": f"https://hooks.example.com/{MARK}-other"}},
        "saved-filters": {"query": "state=up"},
    }
    return bodies[path]


async def _made(world: World, path: str) -> dict[str, Any]:
    made: dict[str, Any] = await world.send("POST", f"{_V1}/{path}", _new(path))
    if "token" in made:
        world.secrets.append(made["token"])
    if "url" in made:
        world.secrets.append(made["url"].partition("#screen=")[2])
    return made


def _do(method: str, path: str) -> Callable[[World], Awaitable[Any]]:
    async def change(world: World) -> None:
        made = await _made(world, path)
        body: dict[str, Any] | None = None
        if method == "PATCH":
            body = _other(path)
        elif method == "PUT":
            body = _new(path) | {name: value for name, value in _other(path).items() if name != "config"}
            body |= {"name": "Another"} if path == "channels" else {}
        if method != "POST":
            await world.send(method, f"{_V1}/{path}/{made['id']}", body)

    return change


async def _password(world: World) -> None:
    """The session that makes the request ends, so it is made with another one."""
    other = await session_headers(world.api, world.admin.id)
    kept = await world.api.value("SELECT password_hash FROM account WHERE id = $1", world.admin.id)
    rows = await world.api.value(
        "SELECT jsonb_agg(to_jsonb(session) - 'token_hash') FROM session WHERE account_id = $1", world.admin.id
    )
    hashes = await world.api.value("SELECT array_agg(token_hash) FROM session WHERE account_id = $1", world.admin.id)
    assert rows
    body = {"password": f"{PASSWORD} 3", "currentPassword": PASSWORD}
    await world.send("PUT", f"{_V1}/account/password", body, **other)
    await world.api.value("UPDATE account SET password_hash = $2 WHERE id = $1", world.admin.id, kept)
    for token_hash in hashes:
        await world.api.value(
            "INSERT INTO session (token_hash, account_id, cookie, idle_until, expires_at)"
            " VALUES ($1, $2, true, now() + interval '1 h', now() + interval '1 h') ON CONFLICT DO NOTHING",
            token_hash,
            world.admin.id,
        )


async def _profile(world: World) -> None:
    await world.send("PATCH", f"{_V1}/account", {"firstName": uuid4().hex})


async def _end_session(world: World) -> None:
    await session_headers(world.api, world.admin.id)
    items = (await world.send("GET", f"{_V1}/account/sessions"))["items"]
    newest = next(item["id"] for item in items if not item["current"])
    await world.send("DELETE", f"{_V1}/account/sessions/{newest}")


async def _end_others(world: World) -> None:
    """With a session of its own, so that those of the tests remain."""
    await session_headers(world.api, world.admin.id)
    hashes = await world.api.value("SELECT array_agg(token_hash) FROM session WHERE account_id = $1", world.admin.id)
    await world.send("DELETE", f"{_V1}/account/sessions")
    for token_hash in hashes:
        await world.api.value(
            "INSERT INTO session (token_hash, account_id, cookie, idle_until, expires_at)"
            " VALUES ($1, $2, true, now() + interval '1 h', now() + interval '1 h') ON CONFLICT DO NOTHING",
            token_hash,
            world.admin.id,
        )


async def _login_link(world: World) -> None:
    made = await world.send("POST", f"{_V1}/users/{await world.user()}/login-link")
    world.secrets.append(made["link"].partition("#code=")[2])


async def _end_theirs(world: World) -> None:
    identifier = await world.user()
    await session_headers(
        world.api, await world.api.value("SELECT id FROM account WHERE public_id = $1::uuid", identifier)
    )
    await world.send("DELETE", f"{_V1}/users/{identifier}/sessions")


async def _screen_by_form(world: World) -> None:
    settings = await world.browser.open("/settings/screens")
    page = await world.browser.submit(settings, settings.path, name="Hall")
    world.secrets.append(page.id("screen-url").text.partition("#screen=")[2])


async def _revoke_by_form(world: World) -> None:
    made = await _made(world, "screens")
    path = f"/settings/screens/{made['id']}/revoke"
    await world.submit(path, path)


OUR_ACCOUNTS: dict[tuple[str, str], tuple[str, Callable[[World], Awaitable[Any]]]] = {
    **{
        ("POST", f"{_V1}/{path}"): (f"{kind}.created", _do("POST", path))
        for path, kind in (
            *(("customers", "customer"), ("users", "user"), ("channels", "channel"), ("tokens", "token")),
            ("saved-filters", "saved_filter"),
        )
    },
    ("POST", f"{_V1}/screens"): ("screen.created", _do("POST", "screens")),
    ("POST", "/settings/screens"): ("screen.created", _screen_by_form),
    ("POST", "/settings/screens/{}/revoke"): ("screen.revoked", _revoke_by_form),
    ("DELETE", f"{_V1}/screens/{{}}"): ("screen.revoked", _do("DELETE", "screens")),
    **{
        (method, f"{_V1}/{path}/{{}}"): (f"{kind}.changed", _do(method, path))
        for path, kind in (("customers", "customer"), ("users", "user"), ("channels", "channel"))
        for method in ("PATCH", "PUT")
    },
    **{
        ("DELETE", f"{_V1}/{path}/{{}}"): (f"{kind}.deleted", _do("DELETE", path))
        for path, kind in (("users", "user"), ("channels", "channel"), ("tokens", "token"))
    },
    ("POST", f"{_V1}/users/{{}}/login-link"): ("login_link.created", _login_link),
    ("DELETE", f"{_V1}/users/{{}}/sessions"): ("session.ended", _end_theirs),
    ("PATCH", f"{_V1}/saved-filters/{{}}"): ("saved_filter.changed", _do("PATCH", "saved-filters")),
    ("DELETE", f"{_V1}/saved-filters/{{}}"): ("saved_filter.deleted", _do("DELETE", "saved-filters")),
    ("PATCH", f"{_V1}/account"): ("user.changed", _profile),
    ("PUT", f"{_V1}/account/password"): ("user.changed", _password),
    ("DELETE", f"{_V1}/account/sessions"): ("session.ended", _end_others),
    ("DELETE", f"{_V1}/account/sessions/{{}}"): ("session.ended", _end_session),
}
OUR_UNRECORDED = {
    ("POST", f"{_V1}/channels/test"): "nothing is stored",
    ("POST", f"{_V1}/channels/{{}}/test"): "nothing is stored",
}
