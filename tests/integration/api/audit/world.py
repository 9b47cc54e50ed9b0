"""An admin who changes things, by a program and by a browser; every secret that is sent holds MARK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from argon2 import PasswordHasher

from controller.model import Role
from tests.integration.api.channels.channel_client import CHANNELS
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.outages import make_locations, outage
from tests.integration.api.people import Person, organization_of, person
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

    async def window(self) -> dict[str, Any]:
        times = {"startTime": "2027-01-05T22:00:00Z", "endTime": "2027-01-05T23:00:00Z"}
        body = {"name": "W", "smtpMonitorId": (await self.smtp())["id"], **times}
        made: dict[str, Any] = await self.send("POST", "/api/maintenance-windows", body)
        return made

    async def tag(self) -> dict[str, Any]:
        made: dict[str, Any] = await self.send("POST", "/api/tags", {"name": uuid4().hex, "color": "red"})
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

    async def sign_on(self) -> None:
        """Set up single sign-on where there was none."""
        await self.api.value("DELETE FROM sign_on")
        body = {
            "issuer": "https://login.example.com/realms/a",
            "clientId": "mailprobe",
            "clientSecret": f"{MARK}-client",
        }
        await self.send("PUT", "/api/v1/sign-on", body)

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
