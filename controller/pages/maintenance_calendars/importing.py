"""`/maintenance/import`: windows from a calendar file, shown before anything is stored."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile

from controller.decisions.access import Permission
from controller.decisions.maintenance.ical_import import MOST_BYTES
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.maintenance import Effect
from controller.operations.maintenance.calendar_import import Imported, import_calendar
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.pages.maintenance.form import labels_of
from controller.pages.maintenance.now import effect_of
from controller.pages.maintenance.words import EFFECTS
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of

PATH = "/maintenance/import"
_PLANNING = {PERMISSION: Permission.PLAN_MAINTENANCE}
_FIELDS = ("file", "calendar", "labels", "organization", "effect")
_NAMES = {"body": "file", "targets": "labels", "targets.labels": "labels", "targets.organization": "organization"}


class ImportView(msgspec.Struct, frozen=True, kw_only=True):
    """`form` is what was typed, `calendar` the text of the file, once it was read; `done` what would be done."""

    form: dict[str, Any]
    effects: list[tuple[str, str, str]]
    problems: dict[str, str]
    done: Imported | None


@get(PATH, opt=_PLANNING)
async def import_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    return await _page(request, {"labels": "", "organization": "", "effect": Effect.SILENCE, "calendar": ""})


@post(PATH, opt=_PLANNING)
async def import_from_file(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """With `store` the windows are stored, else the page says what would be done."""
    sent = await request.form()
    form = {name: str(sent.get(name, "")) for name in _FIELDS if name != "file"}
    try:
        content = await _content(sent.get("file"), form)
        form["calendar"] = content.decode(errors="replace")
        done = await _import(services, principal, form, content, dry_run=not sent.get("store"))
    except InvalidError as error:
        return await _page(request, form, problems=problems_of(error, _FIELDS, _NAMES))
    if sent.get("store"):
        return see_other(request, "/maintenance?done=imported")
    return await _page(request, form, done=done)


async def _content(file: Any, form: dict[str, str]) -> bytes:
    """The file that was chosen, or the text of the one that was shown before. Raises InvalidError."""
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InvalidError("file", f"must be at most {MOST_BYTES} bytes")
        return content
    if form["calendar"]:
        return form["calendar"].encode()
    raise InvalidError("file", "is required: choose an .ics file")


async def _import(
    services: Services, principal: Principal, form: dict[str, str], content: bytes, *, dry_run: bool
) -> Imported:
    targets = WindowTargetsChange(labels=list(labels_of(form["labels"])), organization=bool(form["organization"]))
    return await import_calendar(
        services.database, principal, content, targets=targets, effect=effect_of(form["effect"]), dry_run=dry_run
    )


async def _page(
    request: Request[Any, Any, Any],
    form: dict[str, Any],
    *,
    problems: dict[str, str] | None = None,
    done: Imported | None = None,
) -> Response[bytes]:
    view = ImportView(
        form=form,
        effects=[(effect.value, words.capitalize(), "") for effect, words in EFFECTS.items()],
        problems=problems or {},
        done=done,
    )
    status = HTTPStatus.BAD_REQUEST if problems else HTTPStatus.OK
    title = "Import maintenance windows"
    return await page(
        request, "maintenance_calendars/import.html", view, title=title, section="maintenance", status=status
    )
