"""The forms of a new and of a stored channel, each with a test before it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import (
    DomainError,
    InvalidError,
    InvalidFieldsError,
    LimitedError,
    NotFoundError,
    PreconditionFailedError,
    UnknownCustomerError,
)
from controller.http.auth import PERMISSION
from controller.http.documents.mistakes import named
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Channel, Principal
from controller.operations.accounts.customers import list_customers
from controller.operations.channels import channel_tests, channels
from controller.operations.channels.channel_configs import shown
from controller.operations.channels.channels import ChannelOwner
from controller.operations.channels.config_keys import HEADERS, names_of
from controller.operations.channels.listing import may_serve_ops
from controller.pages.settings.channels.advice import TriedView, incomplete, tried_view
from controller.pages.settings.channels.form_view import channel_form_view
from controller.pages.settings.channels.forms import (
    BOXES,
    FORMS,
    NEW,
    change_of_channel,
    config_of,
    customer_in,
    fields_to_compare,
    names_in_form,
    secrets_of,
    values_of_channel,
    without_secrets_of,
)
from controller.pages.settings.channels.shared import SECTION, channel_at
from controller.pages.settings.channels.view import path_of, types_view
from controller.pages.settings.channels.words import kind_label
from controller.pages.settings.sealed import seal, unseal
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import ELSEWHERE, problems_of, values_of
from controller.pages.shell.versions import BOX, differing, form_status, problems_of_conflict, require_version
from shared.clock import utc_now

_OPT = {PERMISSION: Permission.MANAGE_CHANNELS}


class _Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was sent: its values, and the secrets that were typed now or before."""

    values: dict[str, str]
    secrets: dict[str, Any]


@get("/settings/channels/new", opt=_OPT)
async def new_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The types to choose from; with `type` the form of that type."""
    type_ = request.query_params.get("type", "")
    if type_ not in FORMS:
        return await page(request, "settings/channels/types.html", types_view(), title="New channel", section=SECTION)
    values = {**dict.fromkeys(FORMS[type_].__struct_fields__, ""), **NEW}
    return await _form(request, services, principal, type_, _Filled(values=values, secrets={}))


@post("/settings/channels/new", opt=_OPT)
async def create_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    type_ = _type_in(request)
    filled = await _filled(request, services, principal, type_)
    try:
        with _mistakes(), named(names_of(type_)):
            config = config_of(type_, filled.values, filled.secrets, {})
            made = await channels.create_channel(
                services.database,
                services.vault,
                services.outlets,
                principal,
                type_,
                ChannelOwner(customer=customer_in(filled.values)),
                change_of_channel(filled.values, config, {}),
                every_breach=True,
            )
    except InvalidError as error:
        return await _form(request, services, principal, type_, filled, error=error)
    return see_other(request, f"{path_of(made.channel.public_id)}?done=created")


@post("/settings/channels/new/test", opt=_OPT)
async def test_new_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Send a test with what the form says. Nothing is stored."""
    type_ = _type_in(request)
    filled = await _filled(request, services, principal, type_)
    return await _tested(request, services, principal, type_, filled, None)


@get("/settings/channels/{public_id:str}/edit", opt=_OPT)
async def edit_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    values = _stored(channel)
    return await _form(request, services, principal, channel.type, _Filled(values=values, secrets={}), channel=channel)


@post("/settings/channels/{public_id:str}/edit", opt=_OPT)
async def save_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    filled = await _filled(request, services, principal, channel.type, channel)

    def expect(found: Channel) -> None:
        require_version(filled.values["version"], found.updated_at.isoformat(), found)

    try:
        expect(channel)  # else headers that are not stored any more would be called a mistake
        with _mistakes(), named(names_of(channel.type)):
            config = config_of(channel.type, filled.values, filled.secrets, channel.config)
            change = change_of_channel(filled.values, config, channel.conditions or {})
            await channels.update_channel(
                services.database,
                services.vault,
                services.outlets,
                principal,
                channel.public_id,
                change,
                expect=expect,
                every_breach=True,
            )
    except InvalidError as error:
        return await _form(request, services, principal, channel.type, filled, channel=channel, error=error)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, Channel)  # noqa: S101 - `expect` raised it
        return await _form(request, services, principal, channel.type, filled, channel=now, error=error)
    return see_other(request, f"{path_of(channel.public_id)}?done=changed")


@post("/settings/channels/{public_id:str}/edit/test", opt=_OPT)
async def test_changed_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Send a test with what the form says in place of what is stored. Nothing is stored."""
    channel = await channel_at(services, principal, public_id)
    filled = await _filled(request, services, principal, channel.type, channel)
    return await _tested(request, services, principal, channel.type, filled, channel)


EDITING: list[ControllerRouterHandler] = [
    new_channel,
    create_channel,
    test_new_channel,
    edit_channel,
    save_channel,
    test_changed_channel,
]


async def _tested(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    filled: _Filled,
    channel: Channel | None,
) -> Response[bytes]:
    try:
        with _mistakes(), named(names_of(type_)):
            config = config_of(type_, filled.values, filled.secrets, channel.config if channel else {})
            done = await channel_tests.test_channel(
                services.database,
                services.vault,
                services.outlets,
                principal,
                type_,
                config,
                ChannelOwner(customer=None if channel else customer_in(filled.values)),
                channel_id=channel.id if channel else None,
                dry_run=False,
            )
    except (InvalidError, LimitedError) as error:
        return await _form(request, services, principal, type_, filled, channel=channel, error=error)
    tried = tried_view(type_, done)
    return await _form(request, services, principal, type_, filled, channel=channel, tried=tried)


async def _form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    filled: _Filled,
    *,
    channel: Channel | None = None,
    error: InvalidError | LimitedError | PreconditionFailedError | None = None,
    tried: TriedView | None = None,
) -> Response[bytes]:
    """The form with these values, and with what is wrong with them, or what a test of them found."""
    about = _about(type_, channel)
    values = without_secrets_of(type_, filled.values)
    values["sealed"] = seal(services.vault, principal, about, filled.secrets, utc_now())
    if isinstance(error, PreconditionFailedError) and channel is not None:
        stored = _stored(channel)
        values["version"] = stored["version"]
        names = differing({name: values[name] for name in fields_to_compare(type_)}, stored)
        problems = problems_of_conflict("this channel", names, stored, dict.fromkeys(BOXES, BOX))
    else:
        problems = _problems(type_, error, values)
    view = channel_form_view(
        type_,
        values,
        problems,
        filled.secrets,
        channel=channel,
        customers=await list_customers(services.database, principal),
        everybody=principal.customer_ids is None,
        operating=await may_serve_ops(services.database, principal),
        tried=tried,
    )
    title = f"Edit {channel.name}" if channel else f"New channel: {kind_label(type_)}"
    return await page(
        request, "settings/channels/form.html", view, title=title, section=SECTION, status=form_status(error)
    )


def _stored(channel: Channel) -> dict[str, str]:
    """The form of a channel as it is stored, without its secrets."""
    values = values_of_channel(channel, shown(channel.config, whole=True)[0])
    return values | {"version": channel.updated_at.isoformat()}


def _problems(type_: str, error: DomainError | None, values: dict[str, str]) -> dict[str, str]:
    if error is None:
        return {}
    if isinstance(error, LimitedError):
        return {ELSEWHERE: f"{error}."}
    return problems_of(error, values.keys() - {"sealed", "version"}, names_in_form(type_))


async def _filled(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    channel: Channel | None = None,
) -> _Filled:
    values = values_of(await form_of(request, FORMS[type_]))
    if HEADERS in values:
        values[HEADERS] = values[HEADERS].replace("\r\n", "\n")
    before = unseal(services.vault, principal, _about(type_, channel), values["sealed"], utc_now())
    return _Filled(values=values, secrets=secrets_of(type_, values, before))


def _about(type_: str, channel: Channel | None) -> str:
    return f"{type_} {channel.public_id if channel else ''}"


def _type_in(request: Request[Any, Any, Any]) -> str:
    """Raises NotFoundError."""
    type_ = request.query_params.get("type", "")
    if type_ not in FORMS:
        raise NotFoundError("There is no such type of channel.")
    return type_


@contextmanager
def _mistakes() -> Iterator[None]:
    """Refusals of the operations, by fields of the form. Raises InvalidError."""
    try:
        yield
    except (UnknownCustomerError, NotFoundError) as error:
        raise InvalidError("customer", "must be one of the list") from error
    except InvalidError as error:
        found = [
            InvalidError("config", incomplete(one.rule.partition(" ")[2].partition(" ")[0]))
            if one.field == "config" and one.rule.startswith("of ")
            else one
            for one in error.fields
        ]
        raise InvalidFieldsError(found) from error
