"""Tries a provider before anybody relies on it: reads anew what it says of itself and its keys, and says of each step
what came of it and what helps. It needs no client, and sends no secret.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from controller.decisions.sign_on import is_provider_url
from controller.sign_on.errors import ProviderError
from controller.sign_on.exchange import ProviderExchange
from controller.sign_on.providers import ProviderMetadata, PublishedKeys, discovery_url, usable_keys
from controller.sign_on.trial_advice import NO_MEMBER, OTHER_TYPE, WRONG_ADDRESS, discovery_advice, keys_advice

_LONGEST_SHOWN = 200


class ProviderStepName(StrEnum):
    """What is tried of a provider, in this order."""

    DISCOVERY = "discovery"
    ISSUER = "issuer"
    AUTHORIZATION_ENDPOINT = "authorizationEndpoint"
    TOKEN_ENDPOINT = "tokenEndpoint"  # noqa: S105 - not a token
    KEYS = "keys"
    RETURN_ADDRESS = "returnAddress"


class ProviderStepOutcome(StrEnum):
    """What came of a step. One is skipped when what it needs was not read."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class ProviderStep(msgspec.Struct, frozen=True, kw_only=True):
    """`detail` says what was found, `advice` what to do about a step that failed. Neither holds a secret."""

    name: ProviderStepName
    outcome: ProviderStepOutcome
    detail: str = ""
    advice: str = ""


def passed(name: ProviderStepName, detail: str) -> ProviderStep:
    return ProviderStep(name=name, outcome=ProviderStepOutcome.PASSED, detail=detail)


def failed(name: ProviderStepName, detail: str, advice: str) -> ProviderStep:
    return ProviderStep(name=name, outcome=ProviderStepOutcome.FAILED, detail=detail, advice=advice)


async def steps_of_trial(exchange: ProviderExchange, issuer: str) -> list[ProviderStep]:
    """Every step but RETURN_ADDRESS, which is not the provider's. It takes at most twice the time of an exchange."""
    url = discovery_url(issuer)
    try:
        document = await exchange.get(url, dict[str, Any])
    except ProviderError as error:
        return [
            failed(ProviderStepName.DISCOVERY, str(error), discovery_advice(error)),
            *(
                ProviderStep(name=name, outcome=ProviderStepOutcome.SKIPPED)
                for name in ProviderStepName
                if name not in (ProviderStepName.DISCOVERY, ProviderStepName.RETURN_ADDRESS)
            ),
        ]
    return [
        _discovery(document, url),
        _issuer(document.get("issuer"), issuer),
        _endpoint(document, ProviderStepName.AUTHORIZATION_ENDPOINT, "authorization_endpoint"),
        _endpoint(document, ProviderStepName.TOKEN_ENDPOINT, "token_endpoint"),
        await _keys(exchange, document),
    ]


def _discovery(document: dict[str, Any], url: str) -> ProviderStep:
    others = dict.fromkeys(("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"), "")
    try:
        msgspec.convert(document | others, ProviderMetadata)  # these have steps of their own
    except msgspec.ValidationError:
        detail = "a member of the discovery document is of another type than OpenID Connect Discovery gives it"
        return failed(ProviderStepName.DISCOVERY, detail, OTHER_TYPE)
    return passed(ProviderStepName.DISCOVERY, f"{url} was read")


def _issuer(found: object, issuer: str) -> ProviderStep:
    name = ProviderStepName.ISSUER
    if found == issuer:
        return passed(name, f"it calls itself {issuer}")
    if not isinstance(found, str) or not found:
        return failed(name, "the discovery document has no issuer", NO_MEMBER)
    shown = found[:_LONGEST_SHOWN]
    return failed(
        name,
        f"the provider calls itself {shown!r}, which is not {issuer!r}",
        "If this is your provider, enter the issuer exactly as it calls itself, with or without the slash at its end."
        " Where that holds a placeholder such as {tenantid}, enter the issuer of your own tenant.",
    )


def _endpoint(document: dict[str, Any], name: ProviderStepName, member: str) -> ProviderStep:
    found = document.get(member)
    if not isinstance(found, str) or not found:
        return failed(name, f"the discovery document has no {member}", NO_MEMBER)
    if not is_provider_url(found):
        return failed(name, f"{found[:_LONGEST_SHOWN]!r} is no https URL", WRONG_ADDRESS)
    return passed(name, found)


async def _keys(exchange: ProviderExchange, document: dict[str, Any]) -> ProviderStep:
    address = _endpoint(document, ProviderStepName.KEYS, "jwks_uri")
    if address.outcome is not ProviderStepOutcome.PASSED:
        return address
    try:
        keys = usable_keys(await exchange.get(address.detail, PublishedKeys))
    except ProviderError as error:
        return failed(ProviderStepName.KEYS, str(error), keys_advice(error))
    count = len(keys.keys)
    return passed(
        ProviderStepName.KEYS, f"{address.detail} has {count} {'key' if count == 1 else 'keys'} for signatures"
    )
