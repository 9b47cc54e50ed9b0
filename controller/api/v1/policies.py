"""`…/policy` of the organization, of customers and of monitors: how many locations must agree, and how often."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, patch
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.accounts.customers import CustomerPath
from controller.api.compat.uptimeify.monitors.kinds import GROUPS, Group
from controller.api.compat.uptimeify.monitors.words import in_words_of
from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import INVALID_CUSTOMER, customer_identifier
from controller.api.http.openapi import answers, refusals
from controller.api.http.parameters import OrganizationId, PublicId
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.decisions.access import Permission
from controller.decisions.evaluation.policies import Effective, Origin, preset_of
from controller.decisions.evaluation.policy import STANDARD, Count, Policy, from_thresholds
from controller.errors import InvalidError
from controller.model import Mode
from controller.operations.monitors import policies
from controller.operations.monitors.policies import PolicyChange

_TAGS = ["Policies"]
_WORDS = Literal["any", "majority", "all"]
_THRESHOLDS = ("alert_consecutive_checks", "alert_location_threshold", "alert_location_threshold_count")


class PolicyAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`policy` is the one that holds; `from` says whose it is: monitor, customer, organization, or standard where
    nobody has one. `preset` is its name, when it is that of one of AlertSite's modes.
    """

    policy: Policy
    preset: Mode | None
    origin: Origin = msgspec.field(name="from")


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to change of the policy that holds. `preset` begins with that of this name instead; null gives up the own
    policy, so that the one above holds again. Or Uptimeify's three thresholds, which make a policy of their own and go
    with nothing else.
    """

    OF_A_MONITOR = True

    preset: Mode | UnsetType | None = UNSET
    quorum: Annotated[_WORDS | Count, Meta(description="How many of the voters must fail in one look.")] | UnsetType = (
        UNSET
    )
    voters: Annotated[Literal["all", "home"], Meta(description="home: the others only recheck it.")] | UnsetType = UNSET
    order: (
        Annotated[Literal["parallel", "sequential"], Meta(description="sequential: one location a round, in turn.")]
        | UnsetType
    ) = UNSET
    rechecks: Annotated[int, Meta(ge=0, le=5, description="Null: 1, and 2 for a single voter.")] | UnsetType | None = (
        UNSET
    )
    consecutive_rounds: (
        Annotated[Count, Meta(description="How many rounds in a row must fail before the rechecks.")] | UnsetType
    ) = UNSET
    recovery_rounds: Annotated[Count, Meta(description="How many good looks in a row end an incident.")] | UnsetType = (
        UNSET
    )
    alert_consecutive_checks: Annotated[Count, Meta(description="1 when not given.")] | UnsetType = UNSET
    alert_location_threshold: Annotated[_WORDS, Meta(description="majority when not given.")] | UnsetType = UNSET
    alert_location_threshold_count: (
        Annotated[Count, Meta(description="Wins over alertLocationThreshold.")] | UnsetType | None
    ) = UNSET


BODIES = (PolicyAnswer, PolicyBody)

EXAMPLE: dict[str, Any] = {"policy": msgspec.to_builtins(STANDARD), "preset": None, "from": "standard"}
_ANSWER = answers(PolicyAnswer, "The policy that holds", EXAMPLE)
_RULE = "preset is refused: Invalid enum value 'x'"


@get(
    "/api/organization/policy",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="When failures are believed, unless customer or monitor say otherwise",
    responses={200: _ANSWER, **refusals(s403="Forbidden", s404="Not found")},
)
async def organization_policy(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyAnswer:
    place = policies.of_organization(principal, Permission.READ)
    return _answer(await policies.policy_at(services.database, place))


@patch(
    "/api/organization/policy",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[PolicyBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change the organization's policy",
    responses={200: _ANSWER, **refusals(body=True, s400=_RULE, s403="Forbidden", s404="Not found")},
)
async def change_organization_policy(
    data: JSONBody[PolicyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PolicyAnswer:
    place = policies.of_organization(principal, Permission.MANAGE_ORGANIZATION)
    return _answer(await policies.change_policy(services.database, place, _change(data)))


class CustomerPolicy(Controller):
    path = "/api/customers/{customer_id:str}/policy"
    tags = _TAGS
    security = SECURITY

    @get(
        opt={PERMISSION: Permission.READ},
        summary="When failures of a customer's monitors are believed, unless they say otherwise",
        responses={200: _ANSWER, **refusals(s400=INVALID_CUSTOMER, s403="Forbidden", s404="Customer not found")},
    )
    async def policy(
        self, customer_id: CustomerPath, services: GivenServices, principal: GivenPrincipal
    ) -> PolicyAnswer:
        place = await policies.of_customer(
            services.database, principal, Permission.READ, customer_identifier(customer_id)
        )
        return _answer(await policies.policy_at(services.database, place))

    @patch(
        opt={PERMISSION: Permission.MANAGE_CUSTOMERS},
        dto=JsonBody[PolicyBody],
        return_dto=None,
        summary="Change a customer's policy",
        responses={
            200: _ANSWER,
            **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden", s404="Customer not found"),
        },
    )
    async def change_policy(
        self,
        customer_id: CustomerPath,
        data: JSONBody[PolicyBody],
        services: GivenServices,
        principal: GivenPrincipal,
    ) -> PolicyAnswer:
        place = await policies.of_customer(
            services.database, principal, Permission.MANAGE_CUSTOMERS, customer_identifier(customer_id)
        )
        return _answer(await policies.change_policy(services.database, place, _change(data)))


def _monitor_policy(group: Group) -> type[Controller]:
    """The policy of the monitors of this type."""

    class MonitorPolicy(Controller):
        path = f"{group.path}/{{public_id:str}}/policy"
        tags = _TAGS
        security = SECURITY
        exception_handlers = in_words_of(group)

        @get(
            opt={PERMISSION: Permission.READ},
            summary=f"When failures of {group.noun} are believed",
            responses={200: _ANSWER, **refusals(s400=group.wanted, s403="Forbidden", s404=group.not_found)},
        )
        async def policy(self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> PolicyAnswer:
            place = await policies.of_monitor(
                services.database, principal, Permission.READ, group.kinds, group.public_id(public_id)
            )
            return _answer(await policies.policy_at(services.database, place))

        @patch(
            opt={PERMISSION: Permission.CHANGE},
            dto=JsonBody[PolicyBody],
            return_dto=None,
            summary=f"Change the policy of {group.noun}",
            responses={200: _ANSWER, **refusals(body=True, s400=group.wanted, s403="Forbidden", s404=group.not_found)},
        )
        async def change_policy(
            self, public_id: PublicId, data: JSONBody[PolicyBody], services: GivenServices, principal: GivenPrincipal
        ) -> PolicyAnswer:
            place = await policies.of_monitor(
                services.database, principal, Permission.CHANGE, group.kinds, group.public_id(public_id)
            )
            return _answer(await policies.change_policy(services.database, place, _change(data)))

    return MonitorPolicy


ROUTES: list[ControllerRouterHandler] = [
    organization_policy,
    change_organization_policy,
    CustomerPolicy,
    *map(_monitor_policy, GROUPS),
]


def _change(body: PolicyBody) -> PolicyChange:
    """Raises InvalidError."""
    values = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    thresholds = {name: values.pop(name) for name in _THRESHOLDS if name in values}
    if thresholds and values:
        raise InvalidError("alertConsecutiveChecks", "and the thresholds go with no other field of a policy")
    if thresholds:
        return PolicyChange(
            base=from_thresholds(
                thresholds.get("alert_consecutive_checks", 1),
                thresholds.get("alert_location_threshold"),
                thresholds.get("alert_location_threshold_count"),
            )
        )
    preset = values.pop("preset", UNSET)
    if preset is None and values:
        raise InvalidError("preset", "null goes with no other field, since it gives up the policy")
    return PolicyChange(base=preset or None, values=values, reset=preset is None)


def _answer(held: Effective) -> PolicyAnswer:
    return PolicyAnswer(
        policy=held.policy,
        preset=preset_of(held.policy),
        origin=held.origin,
    )
