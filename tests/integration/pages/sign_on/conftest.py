"""An organization whose people sign in by a provider, and the application as they reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.model import Role
from controller.model.values.public_url import PublicUrl
from controller.notify.channels import open_senders
from controller.operations.channels.channels import Outlets
from tests.fakes.identity.provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.integration.api.conftest import ORGANIZATION, Api, client_of
from tests.integration.api.people import organization_of, person
from tests.integration.pages.browser import Browser, Page, browsing

PATH = "/api/v1/sign-on"
START = f"/login/sign-on/{ORGANIZATION}"


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as started:
        yield started


@dataclass
class Office:
    """The application at http://mailprobe.test; `configure` sets up single sign-on of the organization Ours."""

    api: Api
    provider: IdentityProvider

    async def configure(self, **fields: Any) -> dict[str, Any]:
        body = {
            "issuer": self.provider.issuer,
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "roles": [{"group": "operators", "role": "user"}],
            "createUsers": True,
            "allowedEmailDomains": ["example.com"],
            **fields,
        }
        admin = await person(self.api, Role.ADMIN, organization=await organization_of(self.api, "Ours"))
        async with client_of(self.api.application) as client:
            answer = await client.put(PATH, json=body, headers=admin.headers)
            assert answer.status_code in {200, 201}, answer.text
            made: dict[str, Any] = answer.json()
            return made

    async def configure_another(self) -> None:
        """The organization Strange has the same provider, as the same client, and names the same domain."""
        await self.api.value(
            "INSERT INTO sign_on (organization_id, issuer, client_id, config, scopes, groups_claim, roles,"
            " create_users, allowed_email_domains) SELECT strange.id, issuer, client_id, config, scopes, groups_claim,"
            " roles, create_users, allowed_email_domains FROM sign_on, organization strange"
            " WHERE strange.name = 'Strange'"
        )

    async def sign_in(self, browser: Browser, start: str = START) -> Page:
        """From the start to where the browser ends up."""
        return await self.come_back(browser, await browser.open(start, follow=False))

    async def come_back(self, browser: Browser, leaving: Page) -> Page:
        assert leaving.status == 303, leaving.text
        back = urlsplit(self.provider.log_in(leaving.location))
        assert f"{back.scheme}://{back.netloc}" == "http://mailprobe.test"
        return await browser.open(f"{back.path}?{back.query}")

    async def refused(self, reason: str) -> Page:
        """Try to sign in, without success, for this reason in the audit log."""
        async with browsing(self.api) as browser:
            page = await self.sign_in(browser)
            assert page.status == 401, page.text
            assert "mailprobe_session" not in browser.client.cookies
        assert reason in str(await self.last_entry("session.login_failed"))
        return page

    async def last_entry(self, action: str) -> dict[str, Any]:
        async with self.api.database.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM audit WHERE action = $1 ORDER BY id DESC LIMIT 1", action)
        assert row is not None
        return dict(row)

    async def account(self, email: str) -> dict[str, Any] | None:
        async with self.api.database.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM account WHERE email = $1", email)
        return dict(row) if row else None


@pytest.fixture
async def office(api: Api, provider: IdentityProvider) -> AsyncIterator[Office]:
    await api.value("DELETE FROM sign_on")
    await api.value("DELETE FROM request_count")
    services: Services = api.application.state.services
    async with open_senders(relay=None, sms_url=None, allowed=(ip_network("127.0.0.0/8"),)) as senders:
        application = create_application(
            Services(
                database=services.database,
                vault=services.vault,
                dispatcher=services.dispatcher,
                bus=services.bus,
                outlets=Outlets(senders),
                public_url=PublicUrl("http://mailprobe.test"),
            )
        )
        yield Office(replace(api, application=application), provider)
