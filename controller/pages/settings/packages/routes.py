"""`/settings/packages`: what the organization offers its customers."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import AlreadyExistsError, DomainError, InvalidError, NotFoundError, PreconditionFailedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.packages import Package, UsedPackage
from controller.operations.accounts import packages
from controller.pages.settings.packages.forms import (
    FIELDS,
    NAMES,
    NEW,
    THRESHOLD_OPTIONS,
    PackageForm,
    form_of_package,
    package_change_of,
)
from controller.pages.settings.packages.view import DONE, PackageDeletionView, PackagesView, PackageView, package_row
from controller.pages.settings.requests import ButtonForm, done_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import (
    BOX,
    differing,
    form_status,
    problems_of_conflict,
    require_version,
    version_of,
)

_PATH = "/settings/packages"
_ONE = f"{_PATH}/{{number:str}}"
_OPT = {PERMISSION: Permission.MANAGE_ORGANIZATION}
_TAKEN = "is the key of another package"


@get(_PATH, opt=_OPT)
async def package_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    found = await packages.list_packages(services.database, principal)
    view = PackagesView(rows=[package_row(one) for one in found], done=done_of(request, DONE))
    return await page(request, "settings/packages/list.html", view, title="Packages", section="settings")


@get(f"{_PATH}/new", opt=_OPT)
async def new_package(request: Request[Any, Any, Any]) -> Response[bytes]:
    return await _shown(request, None, NEW)


@post(f"{_PATH}/new", opt=_OPT)
async def add_package(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, PackageForm)

    def expect(found: Package | None) -> None:
        if found is not None:
            raise AlreadyExistsError(_TAKEN)

    try:
        await packages.set_package(
            services.database, principal, form.package_type, package_change_of(form), expect=expect, every_breach=True
        )
    except (InvalidError, AlreadyExistsError) as error:
        return await _shown(request, None, form, error)
    return see_other(request, f"{_PATH}?done=saved")


@get(_ONE, opt=_OPT)
async def package_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, number: FromPath[str]
) -> Response[bytes]:
    return await _shown(request, await _found(services, principal, number))


@post(_ONE, opt=_OPT)
async def change_package(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, number: FromPath[str]
) -> Response[bytes]:
    before = await _found(services, principal, number)
    form = await form_of(request, PackageForm)

    def expect(found: Package | None) -> None:
        if found is None:
            raise NotFoundError
        require_version(form.version, version_of(form_of_package(found)), found)

    try:
        key, change = before.package.package_type, package_change_of(form)
        await packages.set_package(services.database, principal, key, change, expect=expect, every_breach=True)
    except InvalidError as error:
        return await _shown(request, before, form, error)
    except PreconditionFailedError as error:
        return await _shown(request, await _found(services, principal, number), form, error)
    return see_other(request, f"{_PATH}?done=saved")


@get(f"{_ONE}/delete", opt=_OPT)
async def confirm_deletion(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, number: FromPath[str]
) -> Response[bytes]:
    view = PackageDeletionView(row=package_row(await _found(services, principal, number)))
    title = f"Delete {view.row.name}"
    return await page(request, "settings/packages/delete.html", view, title=title, section="settings")


@post(f"{_ONE}/delete", opt=_OPT)
async def delete_package(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, number: FromPath[str]
) -> Response[bytes]:
    found = await _found(services, principal, number)
    await form_of(request, ButtonForm)
    await packages.delete_package(services.database, principal, found.package.package_type)
    return see_other(request, f"{_PATH}?done=deleted")


ROUTES: list[ControllerRouterHandler] = [
    package_list,
    new_package,
    add_package,
    package_page,
    change_package,
    confirm_deletion,
    delete_package,
]


async def _found(services: Services, principal: Principal, number: str) -> UsedPackage:
    """Raises NotFoundError."""
    for one in await packages.list_packages(services.database, principal):
        if str(one.package.id) == number:
            return one
    raise NotFoundError


async def _shown(
    request: Request[Any, Any, Any],
    found: UsedPackage | None,
    form: PackageForm | None = None,
    error: DomainError | None = None,
) -> Response[bytes]:
    """The form of a package, or of a new one: as it is stored, or as it was typed."""
    kept = NEW if found is None else form_of_package(found.package)
    stored = values_of(kept) | {"version": "" if found is None else version_of(kept)}
    values = values_of(form) if form is not None and error is not None else stored
    if found is not None:
        values["package_type"] = found.package.package_type
    view = PackageView(
        number=found.package.id if found else None,
        customers=found.used if found else 0,
        form=values,
        problems=_problems(error, values, stored),
        thresholds=THRESHOLD_OPTIONS,
    )
    if isinstance(error, PreconditionFailedError):
        values["version"] = stored["version"]
    title = found.package.display_name if found else "Add a package"
    return await page(
        request, "settings/packages/package.html", view, title=title, section="settings", status=form_status(error)
    )


def _problems(error: DomainError | None, values: dict[str, Any], stored: dict[str, Any]) -> dict[str, str]:
    if error is None:
        return {}
    if isinstance(error, AlreadyExistsError):
        return {"package_type": _TAKEN}
    if isinstance(error, PreconditionFailedError):
        own = {name: value for name, value in stored.items() if name != "version"}
        words = {name: BOX for name in own if name.startswith("enable_")}
        words["alert_location_threshold"] = dict(THRESHOLD_OPTIONS)
        return problems_of_conflict("this package", differing(values, own), own, words)
    return problems_of(error, FIELDS, NAMES)
