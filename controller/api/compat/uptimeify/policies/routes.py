"""`…/policy` of the monitors of each group. The path is under Uptimeify's, the policy is ours."""

from __future__ import annotations

from litestar import Controller, get, patch
from litestar.params import JSONBody

from controller.api.compat.uptimeify.monitor_errors import error_handlers
from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.api.v1.policies.schemas import (
    POLICY_ANSWER,
    TAGS,
    PolicyAnswer,
    PolicyBody,
    policy_answer,
    policy_change,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import refusals
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.monitors import policies


def policy_routes(group: UptimeifyGroup) -> type[Controller]:
    """The policy routes of the monitors of this group."""

    class MonitorPolicy(Controller):
        path = f"{group.path}/{{public_id:str}}/policy"
        tags = TAGS
        security = SECURITY
        exception_handlers = error_handlers(group)

        @get(
            opt={PERMISSION: Permission.READ},
            operation_id=f"uptimeifyGet{group.stem}Policy",
            summary=f"When failures of {group.noun} are believed",
            responses={200: POLICY_ANSWER, **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found)},
        )
        async def policy(self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> PolicyAnswer:
            owner = await policies.of_monitor(
                services.database, principal, Permission.READ, group.kinds, group.public_id(public_id)
            )
            return policy_answer(await policies.policy_of(services.database, owner))

        @patch(
            opt={PERMISSION: Permission.CHANGE},
            dto=JsonBody[PolicyBody],
            return_dto=None,
            operation_id=f"uptimeifyUpdate{group.stem}Policy",
            summary=f"Change the policy of {group.noun}",
            responses={
                200: POLICY_ANSWER,
                **refusals(body=True, s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def change_policy(
            self, public_id: PublicId, data: JSONBody[PolicyBody], services: GivenServices, principal: GivenPrincipal
        ) -> PolicyAnswer:
            owner = await policies.of_monitor(
                services.database, principal, Permission.CHANGE, group.kinds, group.public_id(public_id)
            )
            return policy_answer(await policies.change_policy(services.database, owner, policy_change(data)))

    return MonitorPolicy
