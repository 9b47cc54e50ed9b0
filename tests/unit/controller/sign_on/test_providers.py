"""What a provider says of itself and its keys is kept for an hour, and read anew for a key that is not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from controller.notify.destinations import Destinations
from controller.notify.webhook.sender import WebhookSender
from controller.sign_on.code_flow import Client, Proofs, authorization_url, signed_on
from controller.sign_on.errors import ProviderError
from controller.sign_on.exchange import ProviderExchange
from controller.sign_on.providers import KEPT_SECONDS, SOONEST_SECONDS, ProviderMetadata, Providers
from shared.addresses import Network
from shared.clock import utc_now
from shared.secret import Secret
from tests.fakes.identity.provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

LOOPBACK = (ip_network("127.0.0.0/8"),)
PROOFS = Proofs("state", "nonce", "verifier-" * 6)
PERSON = {"sub": "1", "email": "a@example.com", "email_verified": True, "groups": ["a"]}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as started:
        started.person = dict(PERSON)
        yield started


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def providers(clock: Clock) -> Providers:
    return Providers(ProviderExchange(WebhookSender(Destinations(LOOPBACK))), clock=clock)


async def signs_in(providers: Providers, provider: IdentityProvider) -> str:
    client = Client(provider.issuer, CLIENT_ID, Secret(CLIENT_SECRET), "http://mailprobe.test/return")
    url = await authorization_url(providers, client, PROOFS, scopes=["openid"], login_hint=None)
    code = provider.log_in(url).partition("code=")[2].partition("&")[0]
    found = await signed_on(
        providers,
        client,
        PROOFS,
        code=code,
        issuer_of_answer=provider.issuer,
        groups_claim="groups",
        now=utc_now() + timedelta(seconds=1),
    )
    return found.subject


async def test_it_is_asked_once_an_hour(providers: Providers, provider: IdentityProvider, clock: Clock) -> None:
    for _ in range(3):
        assert await signs_in(providers, provider) == "1"
    discovery = "/.well-known/openid-configuration"
    assert sorted(provider.requests) == sorted([discovery, "/keys", *["/token"] * 3])
    clock.now += KEPT_SECONDS + 1
    await signs_in(providers, provider)
    assert (provider.requests.count(discovery), provider.requests.count("/keys")) == (2, 2)


async def test_a_new_key_is_found_but_a_forger_cannot_make_us_ask_all_the_time(
    providers: Providers, provider: IdentityProvider, clock: Clock
) -> None:
    await signs_in(providers, provider)
    provider.use_new_key()
    for _ in range(3):
        with pytest.raises(ProviderError, match="a key that the provider does not publish"):
            await signs_in(providers, provider)
    assert provider.requests.count("/keys") == 1
    clock.now += SOONEST_SECONDS + 1
    assert await signs_in(providers, provider) == "1"
    assert provider.requests.count("/keys") == 2


async def test_an_answer_for_another_provider_is_refused(providers: Providers, provider: IdentityProvider) -> None:
    client = Client(provider.issuer, CLIENT_ID, Secret(CLIENT_SECRET), "http://mailprobe.test/return")
    for issuer in (None, "https://login.example.net"):  # it says that it always names itself
        with pytest.raises(ProviderError, match="another provider"):
            await signed_on(
                providers, client, PROOFS, code="c", issuer_of_answer=issuer, groups_claim="groups", now=utc_now()
            )
    assert "/token" not in provider.requests


async def test_no_error_repeats_what_was_answered(providers: Providers, provider: IdentityProvider) -> None:
    provider.sign = lambda _claims: {"secret token": 1}  # type: ignore[assignment,return-value]
    with pytest.raises(ProviderError) as caught:
        await signs_in(providers, provider)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("allowed", [(), (ip_network("10.0.0.0/8"),)])
async def test_private_addresses_are_out_of_reach(provider: IdentityProvider, allowed: tuple[Network, ...]) -> None:
    closed = Providers(ProviderExchange(WebhookSender(Destinations(allowed))))
    with pytest.raises(ProviderError, match="private ones are not allowed"):
        await closed.metadata(provider.issuer)
    assert provider.requests == []


async def test_a_keys_address_of_another_scheme_is_not_read(providers: Providers, provider: IdentityProvider) -> None:
    metadata = ProviderMetadata(
        issuer=provider.issuer,
        authorization_endpoint="https://login.example.com",
        token_endpoint="https://login.example.com",
        jwks_uri="file:///etc/passwd",
    )
    with pytest.raises(ProviderError, match="no https URL"):
        await providers.keys(metadata)
