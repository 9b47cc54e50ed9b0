"""Shows, saves and previews the policy of one level; whoever it belongs to, it is done in the same way."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from litestar import Request, Response

from controller.decisions.access import Permission
from controller.decisions.evaluation.policies import Effective
from controller.errors import ForbiddenError, InvalidError, LimitedError, NotFoundError, PreconditionFailedError
from controller.http.services import Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.monitors import policies
from controller.operations.monitors.policies import PolicyChange, PolicyOwner
from controller.operations.monitors.policy_levels import levels_of_owner
from controller.operations.monitors.previews.found import PolicyPreview
from controller.operations.monitors.previews.preview import preview_policy
from controller.pages.policies.form import FIELDS, PolicyForm, change_of_form, form_of_policy
from controller.pages.policies.view import DONE, policy_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of
from controller.pages.shell.versions import form_status, require_version, version_of
from shared.clock import utc_now
from shared.wire.targets import KINDS

ORGANIZATION, CUSTOMER, MONITOR = "organization", "customer", "monitor"
_GONE = "It was deleted, or it belongs to somebody else."
_CHANGING = {
    ORGANIZATION: Permission.MANAGE_ORGANIZATION,
    CUSTOMER: Permission.MANAGE_CUSTOMERS,
    MONITOR: Permission.CHANGE,
}


class PolicyPlace(NamedTuple):
    """Whose policy it is, as the path says."""

    level: str
    public_id: str = ""

    @property
    def path(self) -> str:
        paths = {
            ORGANIZATION: "/policies/organization",
            CUSTOMER: f"/policies/customers/{self.public_id}",
            MONITOR: f"/monitors/{self.public_id}/policy",
        }
        return paths[self.level]


class _Typed(NamedTuple):
    """What was submitted, and what became of it."""

    form: PolicyForm
    error: InvalidError | LimitedError | PreconditionFailedError | None = None
    preview: PolicyPreview | None = None

    @property
    def problems(self) -> dict[str, str]:
        return {} if self.error is None else problems_of(self.error, FIELDS)


async def show(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    place: PolicyPlace,
    typed: _Typed | None = None,
) -> Response[bytes]:
    """The page of the policy; `typed` is the form that was submitted, if any."""
    owner = await _owner(services, principal, place, Permission.READ)
    try:
        await _owner(services, principal, place, _CHANGING[place.level])
        may = True
    except (ForbiddenError, NotFoundError):
        may = False
    levels = await levels_of_owner(services.database, owner)
    name = owner.named.name if owner.named and owner.named.name else ""
    view = await off_loop(
        policy_view,
        owner,
        levels,
        path=place.path,
        name=name,
        may=may,
        done=DONE.get(request.query_params.get("done", ""), ""),
        form=typed.form if typed else None,
        problems=typed.problems if typed else None,
        conflict=typed is not None and isinstance(typed.error, PreconditionFailedError),
        preview=typed.preview if typed else None,
    )
    title = f"Policy of {name or 'the organization'}"
    status = form_status(typed.error if typed else None)
    return await page(request, "policies/policy.html", view, title=title, section="settings", status=status)


async def save(
    request: Request[Any, Any, Any], services: Services, principal: Principal, place: PolicyPlace
) -> Response[bytes]:
    """Change the policy; the form again when a field breaks a rule."""
    owner = await _owner(services, principal, place, _CHANGING[place.level])
    form = await form_of(request, PolicyForm)
    levels = await levels_of_owner(services.database, owner)
    drawn = form_of_policy(levels)
    try:
        require_version(form.version, version_of(drawn))
        change = change_of_form(form, drawn)

        def decide(held: Effective) -> PolicyChange:
            if form.version and held != levels.held:
                raise PreconditionFailedError(held, None)
            return change

        await policies.change_policy(services.database, owner, decide)
    except (InvalidError, PreconditionFailedError) as error:
        return await show(request, services, principal, place, _Typed(form, error))
    return see_other(request, f"{place.path}?done={'removed' if change.reset else 'saved'}")


async def preview(
    request: Request[Any, Any, Any], services: Services, principal: Principal, place: PolicyPlace
) -> Response[bytes]:
    """What the policy as it was typed would have opened; nothing is changed."""
    owner = await _owner(services, principal, place, _CHANGING[place.level])
    form = await form_of(request, PolicyForm)
    try:
        change = change_of_form(form, form_of_policy(await levels_of_owner(services.database, owner)))
        found = await preview_policy(services.database, services.previews, owner, change, utc_now())
    except (InvalidError, LimitedError) as error:
        return await show(request, services, principal, place, _Typed(form, error))
    return await show(request, services, principal, place, _Typed(form, preview=found))


async def _owner(services: Services, principal: Principal, place: PolicyPlace, permission: Permission) -> PolicyOwner:
    """Raises NotFoundError, also for an address that nothing can have, and ForbiddenError."""
    if place.level == ORGANIZATION:
        return policies.of_organization(principal, permission)
    try:
        number = UUID(place.public_id)
    except ValueError:
        raise NotFoundError(_GONE) from None
    try:
        if place.level == CUSTOMER:
            return await policies.of_customer(services.database, principal, permission, number)
        return await policies.of_monitor(services.database, principal, permission, KINDS, number)
    except ForbiddenError:
        if permission is Permission.READ:
            raise NotFoundError(_GONE) from None  # of a customer that the account is not for
        raise
