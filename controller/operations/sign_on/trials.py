"""Tries a provider for an administrator, before anybody relies on it. Nothing is stored."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from controller.decisions.access import Permission
from controller.decisions.sign_on import check_issuer
from controller.model import Principal
from controller.model.values.public_url import PublicUrl
from controller.operations.access import require
from controller.operations.accounts.limits import require_few
from controller.operations.accounts.organizations import get_organization
from controller.operations.sign_on.logins import redirect_uri_of
from controller.operations.sign_on.settings import get_sign_on
from controller.sign_on.exchange import SECONDS, ProviderExchange
from controller.sign_on.trial import (
    ProviderStep,
    ProviderStepName,
    ProviderStepOutcome,
    failed,
    passed,
    steps_of_trial,
)
from controller.store.platform.pool import Database

LONGEST_SECONDS = int(2 * SECONDS)
MOST_A_MINUTE = 10
LIMITED = "Too many trials of a provider; try again in a minute"


class ProviderTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each step of trying the provider that calls itself `issuer`."""

    issuer: str
    steps: list[ProviderStep]

    @property
    def success(self) -> bool:
        return all(step.outcome is ProviderStepOutcome.PASSED for step in self.steps)


async def try_provider(
    database: Database, exchange: ProviderExchange, principal: Principal, issuer: str | None, public_url: PublicUrl
) -> ProviderTrial:
    """Try this provider; that of the organization's settings where `issuer` is None. Raises InvalidError,
    ForbiddenError, NotFoundError, LimitedError.
    """
    organization_id = principal.organization_id
    require(principal, Permission.MANAGE_SIGN_ON, organization_id, None)
    if issuer is None:
        issuer = (await get_sign_on(database, principal)).sign_on.issuer
    check_issuer(issuer)
    await require_few(database, f"sign-on-test:{organization_id}", timedelta(minutes=1), MOST_A_MINUTE, LIMITED)
    organization = await get_organization(database, principal)
    steps = await steps_of_trial(exchange, issuer)
    back = _return_address(redirect_uri_of(public_url, organization.public_id))
    return ProviderTrial(issuer=issuer, steps=[*steps, back])


def _return_address(redirect_uri: str | None) -> ProviderStep:
    if redirect_uri is None:
        return failed(
            ProviderStepName.RETURN_ADDRESS,
            "this installation does not know its own address, so nobody can be sent back to it",
            "Whoever runs it sets MAILPROBE_PUBLIC_URL of the controller to the address of the dashboard, and restarts"
            " it.",
        )
    return passed(ProviderStepName.RETURN_ADDRESS, f"people are sent back to {redirect_uri}")
