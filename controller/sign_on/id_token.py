"""Checks ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): signature, issuer, audience, time and nonce."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError, MissingClaimError
from joserfc.jwk import KeySet

from controller.sign_on.errors import ProviderError

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Only those that need the provider's private key: with `none` or HS256 others could make tokens."""
LEEWAY_SECONDS = 60
"""How far the provider's clock may be from ours."""


class UnknownKeyError(ProviderError):
    """The token is signed with a key that is not among the given ones."""


def verified_claims(
    id_token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, access_token: str | None, now: datetime
) -> dict[str, Any]:
    """The claims of a token that the provider issued to this client, for this request. Raises ProviderError,
    UnknownKeyError.
    """
    try:
        token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except InvalidKeyIdError:
        raise UnknownKeyError("the ID token is signed with a key that the provider does not publish") from None
    except (InvalidClaimError, MissingClaimError) as error:
        raise ProviderError(f"the ID token is not valid: {str(error)[:200]}") from None
    except JoseError as error:
        raise ProviderError(f"the ID token is not valid: {error.error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProviderError("the ID token is not valid") from None
    return dict(claims)
