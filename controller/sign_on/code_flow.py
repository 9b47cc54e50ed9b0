"""The authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from controller.decisions.sign_on import is_provider_url
from controller.model.sign_on import SignedOn
from controller.sign_on.errors import ProviderError
from controller.sign_on.id_token import UnknownKeyError, verified_claims
from controller.sign_on.providers import ProviderMetadata, Providers
from shared.secret import Secret

_SUBJECT = re.compile(r"[ -~]{1,255}")
_ERROR = re.compile(r"[a-z_]{1,50}")
_BASIC, _POST, _NONE = "client_secret_basic", "client_secret_post", "none"
_LONGEST_NAME = 255
_MOST_GROUPS = 10_000


class Client(NamedTuple):
    """As which client the provider knows this installation, and where it sends people back to."""

    issuer: str
    client_id: str
    secret: Secret | None
    redirect_uri: str


class Proofs(NamedTuple):
    """What ties the provider's answers to one attempt of one browser; nobody else knows them."""

    state: str
    nonce: str
    code_verifier: str


class _TokenAnswer(msgspec.Struct, frozen=True):
    id_token: str | None = None
    access_token: str | None = None
    error: str | None = None


async def authorization_url(
    providers: Providers, client: Client, proofs: Proofs, *, scopes: list[str], login_hint: str | None
) -> str:
    """Where the browser is to go. Raises ProviderError."""
    metadata = await providers.metadata(client.issuer)
    if not is_provider_url(metadata.authorization_endpoint):
        raise ProviderError("the provider names an address that is no https URL")
    url: str = prepare_grant_uri(
        metadata.authorization_endpoint,
        client.client_id,
        "code",
        client.redirect_uri,
        scopes,
        proofs.state,
        nonce=proofs.nonce,
        code_challenge=create_s256_code_challenge(proofs.code_verifier),
        code_challenge_method="S256",
        login_hint=login_hint,
    )
    return url


async def signed_on(
    providers: Providers,
    client: Client,
    proofs: Proofs,
    *,
    code: str,
    issuer_of_answer: str | None,
    groups_claim: str,
    now: datetime,
) -> SignedOn:
    """Whom this code stands for. `issuer_of_answer` is what came with it (RFC 9207). Raises ProviderError."""
    metadata = await providers.metadata(client.issuer)
    expected = issuer_of_answer is not None or metadata.authorization_response_iss_parameter_supported
    if expected and issuer_of_answer != metadata.issuer:
        raise ProviderError("another provider answered than the one that was asked")
    tokens = await _redeem(providers, metadata, client, proofs, code)
    assert tokens.id_token is not None  # noqa: S101 - _redeem has looked
    claims = await _claims(providers, metadata, client, proofs, tokens.id_token, tokens.access_token, now)
    missing = "email" not in claims or _claim(claims, groups_claim) is None
    if missing and metadata.userinfo_endpoint and tokens.access_token:
        bearer = {"Authorization": f"Bearer {tokens.access_token}"}
        more = await providers.exchange.get(metadata.userinfo_endpoint, dict[str, Any], bearer)
        if more.get("sub") != claims["sub"]:
            raise ProviderError("the provider's user information is about somebody else")
        claims = {**more, **claims}
    return _person(claims, groups_claim)


async def _redeem(
    providers: Providers, metadata: ProviderMetadata, client: Client, proofs: Proofs, code: str
) -> _TokenAnswer:
    body = prepare_token_request(
        "authorization_code", "", client.redirect_uri, code=code, code_verifier=proofs.code_verifier
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url, headers, body = _authentication(metadata, client).prepare("POST", metadata.token_endpoint, headers, body)
    answer = await providers.exchange.post(url, _TokenAnswer, headers, body)
    if answer.error is not None or answer.id_token is None:
        reason = answer.error if answer.error and _ERROR.fullmatch(answer.error) else "no ID token"
        raise ProviderError(f"the provider gave no token for the code: {reason}")
    return answer


def _authentication(metadata: ProviderMetadata, client: Client) -> ClientAuth:
    if client.secret is None:
        return ClientAuth(client.client_id, None, _NONE)
    secret = client.secret.reveal()
    supported = metadata.token_endpoint_auth_methods_supported
    if _BASIC in supported or _POST not in supported:
        # RFC 6749, section 2.3.1: both are encoded as in a form first.
        return ClientAuth(quote(client.client_id, safe=""), quote(secret, safe=""), _BASIC)
    return ClientAuth(client.client_id, secret, _POST)


async def _claims(
    providers: Providers,
    metadata: ProviderMetadata,
    client: Client,
    proofs: Proofs,
    id_token: str,
    access_token: str | None,
    now: datetime,
) -> dict[str, Any]:
    for anew in (False, True):
        try:
            return verified_claims(
                id_token,
                await providers.keys(metadata, anew=anew),
                issuer=metadata.issuer,
                client_id=client.client_id,
                nonce=proofs.nonce,
                access_token=access_token,
                now=now,
            )
        except UnknownKeyError:
            if anew:
                raise
    raise AssertionError


def _person(claims: dict[str, Any], groups_claim: str) -> SignedOn:
    subject = claims["sub"]
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise ProviderError("the provider's subject is no text of 1 to 255 ASCII characters")
    groups = _claim(claims, groups_claim)
    named = groups if isinstance(groups, list) else [groups]
    return SignedOn(
        subject=subject,
        email=email.strip() if isinstance(email := claims.get("email"), str) else None,
        email_verified=claims.get("email_verified") is True,
        groups=frozenset(group for group in named[:_MOST_GROUPS] if isinstance(group, str)),
        first_name=_name(claims.get("given_name")),
        last_name=_name(claims.get("family_name")),
    )


def _name(value: object) -> str | None:
    text = "".join(filter(str.isprintable, value)).strip()[:_LONGEST_NAME] if isinstance(value, str) else ""
    return text or None


def _claim(claims: dict[str, Any], name: str) -> Any:
    """The claim of this name, or the one that it is a path to, as in `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
