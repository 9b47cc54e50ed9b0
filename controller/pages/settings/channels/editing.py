"""The forms of a new and of a stored channel, each with a test before it is saved."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import (
    InvalidError,
    LimitedError,
    PreconditionFailedError,
)
from controller.http.auth import PERMISSION
from controller.http.documents.mistakes import named
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Channel, Principal
from controller.operations.channels import channel_tests, channels
from controller.operations.channels.channels import ChannelOwner
from controller.operations.channels.config_keys import names_of
from controller.pages.settings.channels.advice import tried_view
from controller.pages.settings.channels.form_page import (
    FilledForm,
    filled_form,
    form_page,
    mistakes_of_operations,
    stored_values,
    type_in,
)
from controller.pages.settings.channels.forms import (
    FORMS,
    NEW,
    change_of_channel,
    config_of,
    customer_in,
)
from controller.pages.settings.channels.shared import SECTION, channel_at
from controller.pages.settings.channels.view import path_of, types_view
from controller.pages.shell.page import page, see_other
from controller.pages.shell.versions import require_version

_OPT = {PERMISSION: Permission.MANAGE_CHANNELS}


@get("/settings/channels/new", opt=_OPT)
async def new_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The types to choose from; with `type` the form of that type."""
    type_ = request.query_params.get("type", "")
    if type_ not in FORMS:
        return await page(request, "settings/channels/types.html", types_view(), title="New channel", section=SECTION)
    values = {**dict.fromkeys(FORMS[type_].__struct_fields__, ""), **NEW}
    return await form_page(request, services, principal, type_, FilledForm(values=values, secrets={}))


@post("/settings/channels/new", opt=_OPT)
async def create_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    type_ = type_in(request)
    filled = await filled_form(request, services, principal, type_)
    try:
        with mistakes_of_operations(), named(names_of(type_)):
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
        return await form_page(request, services, principal, type_, filled, error=error)
    return see_other(request, f"{path_of(made.channel.public_id)}?done=created")


@post("/settings/channels/new/test", opt=_OPT)
async def test_new_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Send a test with what the form says. Nothing is stored."""
    type_ = type_in(request)
    filled = await filled_form(request, services, principal, type_)
    return await _tested(request, services, principal, type_, filled, None)


@get("/settings/channels/{public_id:str}/edit", opt=_OPT)
async def edit_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    filled = FilledForm(values=stored_values(channel), secrets={})
    return await form_page(request, services, principal, channel.type, filled, channel=channel)


@post("/settings/channels/{public_id:str}/edit", opt=_OPT)
async def save_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    filled = await filled_form(request, services, principal, channel.type, channel)

    def expect(found: Channel) -> None:
        require_version(filled.values["version"], found.updated_at.isoformat(), found)

    try:
        expect(channel)  # else headers that are not stored any more would be called a mistake
        with mistakes_of_operations(), named(names_of(channel.type)):
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
        return await form_page(request, services, principal, channel.type, filled, channel=channel, error=error)
    except PreconditionFailedError as error:
        now = error.current
        assert isinstance(now, Channel)  # noqa: S101 - `expect` raised it
        return await form_page(request, services, principal, channel.type, filled, channel=now, error=error)
    return see_other(request, f"{path_of(channel.public_id)}?done=changed")


@post("/settings/channels/{public_id:str}/edit/test", opt=_OPT)
async def test_changed_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Send a test with what the form says in place of what is stored. Nothing is stored."""
    channel = await channel_at(services, principal, public_id)
    filled = await filled_form(request, services, principal, channel.type, channel)
    return await _tested(request, services, principal, channel.type, filled, channel)


@post("/settings/channels/new/quiet", opt=_OPT)
async def explain_new_quiet_hours(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The form with what its quiet hours mean, and when they are next. Nothing is stored."""
    type_ = type_in(request)
    return await form_page(request, services, principal, type_, await filled_form(request, services, principal, type_))


@post("/settings/channels/{public_id:str}/edit/quiet", opt=_OPT)
async def explain_quiet_hours(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    filled = await filled_form(request, services, principal, channel.type, channel)
    return await form_page(request, services, principal, channel.type, filled, channel=channel)


EDITING: list[ControllerRouterHandler] = [
    new_channel,
    create_channel,
    test_new_channel,
    edit_channel,
    save_channel,
    test_changed_channel,
    explain_new_quiet_hours,
    explain_quiet_hours,
]


async def _tested(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    filled: FilledForm,
    channel: Channel | None,
) -> Response[bytes]:
    try:
        with mistakes_of_operations(), named(names_of(type_)):
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
        return await form_page(request, services, principal, type_, filled, channel=channel, error=error)
    tried = tried_view(type_, done)
    return await form_page(request, services, principal, type_, filled, channel=channel, tried=tried)
