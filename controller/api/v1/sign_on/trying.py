"""`/api/v1/sign-on/test`: tries a provider before anybody relies on it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.sign_on.schemas import Issuer
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.sign_on.settings import NOT_FOUND
from controller.operations.sign_on.trials import LIMITED, LONGEST_SECONDS, MOST_A_MINUTE, try_provider
from controller.sign_on.exchange import ProviderExchange
from controller.sign_on.trial import ProviderStepName, ProviderStepOutcome

_DESCRIPTION = f"""\
Reads the provider's discovery document and keys anew, and says of each step what came of it and what helps, after
{LONGEST_SECONDS} seconds at most. Nothing is stored, and no secret is sent: client id, secret and groups are tried by a
login alone. An organization may do this {MOST_A_MINUTE} times a minute.
"""


class SignOnTestRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which provider to try; without `issuer` the one of the stored settings."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"issuer": "https://login.example.com/realms/example"}

    issuer: Issuer | UnsetType = UNSET


class SignOnTestStep(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step."""

    name: ProviderStepName
    outcome: Annotated[ProviderStepOutcome, Meta(description="A step is skipped when what it needs could not be read.")]
    detail: Annotated[str, Meta(description="What was found; empty when skipped.")]
    advice: Annotated[str, Meta(description="What helps; empty unless it failed.")]


class SignOnTestAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of it. `success` is true when every step passed."""

    success: bool
    issuer: Annotated[str, Meta(description="The provider that was tried.")]
    steps: Annotated[list[SignOnTestStep], Meta(description="Every step, in the order in which it is made.")]


EXAMPLE: dict[str, Any] = {
    "success": False,
    "issuer": "https://login.example.com/realms/example",
    "steps": [
        {
            "name": "discovery",
            "outcome": "failed",
            "detail": "login.example.com answered 404",
            "advice": "Nothing is at this address. Compare the issuer with what the provider shows.",
        },
        *(
            {"name": name, "outcome": "skipped", "detail": "", "advice": ""}
            for name in ("issuer", "authorizationEndpoint", "tokenEndpoint", "keys")
        ),
        {
            "name": "returnAddress",
            "outcome": "passed",
            "detail": "people are sent back to"
            " https://mailprobe.example.com/login/sign-on/55555555-5555-4555-8555-555555555555/return",
            "advice": "",
        },
    ],
}


@post(
    "/api/v1/sign-on/test",
    operation_id="testSignOn",
    opt={PERMISSION: Permission.MANAGE_SIGN_ON},
    status_code=200,
    dto=JsonBody[SignOnTestRequest],
    return_dto=None,
    security=SECURITY,
    tags=["Sign-on"],
    summary="Try a provider of single sign-on",
    description=_DESCRIPTION,
    responses={
        200: answers(SignOnTestAnswer, "What came of each step", EXAMPLE),
        **problems(
            body=True,
            s400="issuer must be an https URL without user, query and fragment",
            s403="Forbidden",
            s404=NOT_FOUND,
            s429=LIMITED,
        ),
    },
)
async def try_sign_on(
    data: JSONBody[SignOnTestRequest],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> SignOnTestAnswer:
    exchange = ProviderExchange(services.outlets.senders.webhook)
    issuer = None if data.issuer is UNSET else data.issuer
    tried = await try_provider(services.database, exchange, principal, issuer, services.public_url)
    return SignOnTestAnswer(
        success=tried.success,
        issuer=tried.issuer,
        steps=[SignOnTestStep(**msgspec.structs.asdict(step)) for step in tried.steps],
    )


ROUTES: list[ControllerRouterHandler] = [try_sign_on]
BODIES = (SignOnTestRequest, SignOnTestAnswer)
