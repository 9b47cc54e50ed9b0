"""What providers say of themselves (OpenID Connect Discovery 1.0), and the keys that they sign with, each kept for a
while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from controller.sign_on.errors import ProviderError, ProviderFault
from controller.sign_on.exchange import ProviderExchange

KEPT_SECONDS = 3600.0
SOONEST_SECONDS = 30.0
"""A token that is signed with an unknown key makes keys be read anew, but not sooner than this after the last time."""
_MOST = 100
_PATH = "/.well-known/openid-configuration"


class ProviderMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a provider's discovery document that a sign-on uses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class PublishedKeys(msgspec.Struct, frozen=True):
    """What is at a provider's `jwks_uri`."""

    keys: list[dict[str, Any]]


class _Kept(NamedTuple):
    at: float
    value: Any


class Providers:
    """`clock` gives monotonic seconds."""

    def __init__(self, exchange: ProviderExchange, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.exchange = exchange
        self._clock = clock
        self._metadata: dict[str, _Kept] = {}
        self._keys: dict[str, _Kept] = {}

    async def metadata(self, issuer: str) -> ProviderMetadata:
        """Raises ProviderError."""
        kept = self._metadata.get(issuer)
        if kept is None or self._clock() - kept.at > KEPT_SECONDS:
            found = await self.exchange.get(discovery_url(issuer), ProviderMetadata)
            if found.issuer != issuer:
                raise ProviderError(f"the provider calls itself {found.issuer[:200]!r}, which is not its issuer here")
            kept = self._keep(self._metadata, issuer, found)
        return cast("ProviderMetadata", kept.value)

    async def keys(self, metadata: ProviderMetadata, *, anew: bool = False) -> KeySet:
        """The keys that sign its tokens; `anew` when one is missing among those that are kept. Raises ProviderError."""
        kept = self._keys.get(metadata.jwks_uri)
        age = KEPT_SECONDS + 1 if kept is None else self._clock() - kept.at
        if kept is None or age > (SOONEST_SECONDS if anew else KEPT_SECONDS):
            published = await self.exchange.get(metadata.jwks_uri, PublishedKeys)
            kept = self._keep(self._keys, metadata.jwks_uri, usable_keys(published))
        return cast("KeySet", kept.value)

    def _keep(self, store: dict[str, _Kept], name: str, value: object) -> _Kept:
        store.pop(name, None)
        store[name] = kept = _Kept(self._clock(), value)
        while len(store) > _MOST:
            del store[next(iter(store))]
        return kept


def discovery_url(issuer: str) -> str:
    """Where the discovery document of an issuer is (OpenID Connect Discovery 1.0, section 4)."""
    return issuer.rstrip("/") + _PATH


def usable_keys(published: PublishedKeys) -> KeySet:
    """The keys that can be read; one of another kind must not keep all others from being used (RFC 7517, section 5).
    Raises ProviderError.
    """
    found = []
    for key in published.keys:
        try:
            found.append(JWKRegistry.import_key(key))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not found:
        raise ProviderError("the provider publishes no key that can be used", fault=ProviderFault.KEYS)
    return KeySet(found)
