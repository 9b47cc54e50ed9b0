"""The page of a channel says how its on-call service calls back."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing_as

NEW = "/settings/channels/new"


@pytest.mark.parametrize(
    ("type_", "config", "step"),
    [
        ("pagerduty", {"routing_key": "a" * 32}, "PagerDuty then shows a signing secret, once."),
        ("opsgenie", {"api_key": "b" * 36}, "Add the custom header Authorization"),
    ],
)
async def test_the_address_and_what_to_enter_there(api: Api, type_: str, config: dict[str, Any], step: str) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        made = await browser.submit(await browser.open(f"{NEW}?type={type_}"), NEW, name="A", **config)
        one = made.path.partition("?")[0]
        assert f"/hooks/{type_}/{one.rpartition('/')[2]}" in made.text
        assert step in made.text
        assert "The webhook secret is entered" not in made.text
        secret = "correct-horse-battery-staple"
        saved = await browser.submit(await browser.open(f"{one}/edit"), f"{one}/edit", webhook_secret=secret)
        assert "The webhook secret is entered" in saved.text
        assert secret not in saved.text


async def test_a_service_that_does_not_call_back_has_no_address(api: Api) -> None:
    async with browsing_as(api, Role.ADMIN) as browser:
        made = await browser.submit(
            await browser.open(f"{NEW}?type=webhook"), NEW, name="A", url="https://example.com/hook"
        )
        assert "/hooks/" not in made.text
