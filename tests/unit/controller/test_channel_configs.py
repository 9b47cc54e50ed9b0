"""A channel's config as it is merged and shown, for every type."""

from __future__ import annotations

from typing import Any

import pytest

from controller.decisions.notification.channels import category_of
from controller.decisions.notification.destination_warnings import domain_of
from controller.model.values.url_origin import origin
from controller.notify.registry import CHANNELS
from controller.operations.channels.channel_configs import merged, shown
from controller.vault import Vault, VaultKeys, new_key

VAULT = Vault(VaultKeys(new_key().reveal()))
DOCUMENTED = {
    "slack", "discord", "teams", "pagerduty", "opsgenie", "telegram", "googlechat", "mattermost", "rocketchat",
    "matrix", "lark", "dingtalk", "wecom", "ilert", "squadcast", "incidentio", "pushover", "ntfy", "gotify",
    "jira", "github",
}  # fmt: skip


def test_the_direct_types_are_three_and_all_others_are_integrations() -> None:
    assert {name for name in CHANNELS if category_of(name) == "direct"} == {"email", "sms", "webhook"}
    assert CHANNELS.keys() >= DOCUMENTED


@pytest.mark.parametrize(
    ("type_", "sent", "stored"),
    [
        pytest.param("slack", {"url": "https://h/1"}, {"secret": "https://h/1"}, id="a hook's URL is its secret"),
        pytest.param(
            "teams", {"webhookUrl": "https://h/1"}, {"secret": "https://h/1"}, id="its other name is a secret too"
        ),
        pytest.param("gotify", {"url": "https://h", "token": "t"}, {"url": "https://h", "token": "t"}, id="a server's"),
        pytest.param("webhook", {"url": "https://h/1"}, {"url": "https://h/1"}, id="a webhook's"),
        pytest.param(
            "email", {"hasSecret": True, "to": "a@b.example"}, {"to": "a@b.example"}, id="fields that only answers have"
        ),
    ],
)
def test_what_is_stored_of_what_is_sent(type_: str, sent: dict[str, Any], stored: dict[str, Any]) -> None:
    assert VAULT.reveal(merged(type_, sent, {}, VAULT)) == stored


@pytest.mark.parametrize(
    "config",
    [
        {"routingKey": "k"},
        {"userKey": "k", "apiToken": "k"},
        {"apiKey": "k"},
        {"botToken": "k", "chatId": "5"},
        {"url": "https://h", "headers": {"Authorization": "k", "Cookie": "k", "X-Api-Key": "k"}},
        {"secret": "k"},
    ],
    ids=", ".join,
)
def test_no_secret_of_a_documented_config_is_shown(config: dict[str, Any]) -> None:
    stored = merged("webhook", config, {}, VAULT)
    view, has_secret = shown(stored, whole=True)
    assert has_secret
    assert "'k'" not in str(view)
    assert "'k'" not in str(stored)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com:8443/a/b?c=d#e", "https://hooks.example.com:8443/…"),
        ("https://u:p@hooks.example.com/", "https://hooks.example.com/…"),
        ("http://[::1", "…"),
    ],
)
def test_the_origin_of_a_url(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ops@Example.COM.", "example.com"),
        ("ops@bücher.example", "xn--bcher-kva.example"),
        ('"a@b"@example.com', "example.com"),
        ("nobody", "nobody"),
        ("ops@", None),
        ("ops@exa mple.com", None),
    ],
)
def test_the_domain_of_an_address(address: str, domain: str | None) -> None:
    assert domain_of(address) == domain
