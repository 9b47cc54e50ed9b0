"""`/settings/channels`: the list, one channel with its deliveries and its test, and the ends of one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import LimitedError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.accounts.customers import list_customers
from controller.operations.channels import channel_tests, channels, removal
from controller.operations.channels.channel_tests import ChannelTestResult
from controller.operations.channels.channels import CHANNEL_NOT_FOUND, ChannelChange, ChannelOwner
from controller.operations.channels.deliveries import (
    STATES,
    channel_deliveries,
    effect_of_deletion,
    latest_deliveries,
)
from controller.operations.channels.listing import channels_page, get_channel
from controller.operations.channels.unsubscribing import unsubscribed_of
from controller.operations.listing import PageRequest
from controller.pages.settings.channels.advice import TriedView, tried_view
from controller.pages.settings.channels.editing import EDITING
from controller.pages.settings.channels.hooks import hook_view
from controller.pages.settings.channels.shared import SECTION, channel_at, channel_id, customer_names
from controller.pages.settings.channels.subscribing import subscribe_receiver
from controller.pages.settings.channels.view import channel_page_view, channels_view, effect_view, path_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other

_OPT = {PERMISSION: Permission.MANAGE_CHANNELS}
_PER_PAGE = 50
_DELIVERIES = 25


class ActForm(msgspec.Struct, frozen=True, kw_only=True):
    """A button and nothing else."""


@get("/settings/channels", opt=_OPT)
async def channel_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """All channels, by name, each with how its latest delivery went."""
    chosen_page = PageRequest(sort="name", limit=_PER_PAGE, cursor=request.query_params.get("cursor") or None)
    views, following = await channels_page(
        services.database, services.vault, principal, chosen_page, ChannelOwner(), type_=None
    )
    latest = await latest_deliveries(services.database, [one.channel for one in views])
    known = await list_customers(services.database, principal)
    view = channels_view(views, latest, known, following, request.query_params.get("done", ""))
    return await page(request, "settings/channels/list.html", view, title="Channels", section=SECTION)


@get("/settings/channels/{public_id:str}", opt=_OPT)
async def channel_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """A channel with its deliveries."""
    return await _channel(request, services, principal, public_id)


@post("/settings/channels/{public_id:str}/test", opt=_OPT)
async def test_stored_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Send a test, and show what was sent and what was answered."""
    channel = await channel_at(services, principal, public_id)
    await form_of(request, ActForm)
    status = HTTPStatus.OK
    try:
        done = await channel_tests.test_channel(
            services.database,
            services.vault,
            services.outlets,
            principal,
            channel.type,
            {},
            ChannelOwner(),
            channel_id=channel.id,
            dry_run=False,
        )
    except LimitedError as error:
        done, status = ChannelTestResult(success=False, message=f"{error}."), HTTPStatus.TOO_MANY_REQUESTS
    tried = tried_view(channel.type, done)
    return await _channel(request, services, principal, public_id, tried=tried, status=status)


@post("/settings/channels/{public_id:str}/enable", opt=_OPT)
async def enable_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    return await _switched(request, services, principal, public_id, active=True)


@get("/settings/channels/{public_id:str}/disable", opt=_OPT)
async def ask_disable_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """What it would do to disable the channel."""
    return await _effect(request, services, principal, public_id, "disable", "Disable the channel")


@post("/settings/channels/{public_id:str}/disable", opt=_OPT)
async def disable_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    return await _switched(request, services, principal, public_id, active=False)


@get("/settings/channels/{public_id:str}/delete", opt=_OPT)
async def ask_delete_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """What it would do to delete the channel."""
    return await _effect(request, services, principal, public_id, "delete", "Delete the channel")


@post("/settings/channels/{public_id:str}/delete", opt=_OPT)
async def delete_channel(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    await form_of(request, ActForm)
    await removal.delete_channel(services.database, principal, channel.public_id)
    return see_other(request, "/settings/channels?done=deleted")


ROUTES: list[ControllerRouterHandler] = [
    channel_list,
    *EDITING,
    channel_page,
    test_stored_channel,
    subscribe_receiver,
    enable_channel,
    ask_disable_channel,
    disable_channel,
    ask_delete_channel,
    delete_channel,
]


async def _channel(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: str,
    *,
    tried: TriedView | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[bytes]:
    number = channel_id(public_id)
    values = request.query_params
    chosen = values.get("state", "")
    if chosen and chosen not in STATES:
        raise NotFoundError(CHANNEL_NOT_FOUND)
    cursor = values.get("cursor") or None
    found = await channel_deliveries(
        services.database,
        services.vault,
        principal,
        number,
        state=chosen or None,
        cursor=cursor,
        limit=_DELIVERIES,
    )
    shown = await get_channel(services.database, principal, number)
    view = channel_page_view(
        shown,
        found,
        await customer_names(services, principal),
        unsubscribed=await unsubscribed_of(services.database, shown.channel.id),
        hook=hook_view(shown.channel, services.public_url),
        chosen=chosen,
        begun=cursor is None,
        tried=tried,
        done=values.get("done", ""),
    )
    return await page(
        request, "settings/channels/channel.html", view, title=view.channel.name, section=SECTION, status=status
    )


async def _effect(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: str,
    act: str,
    title: str,
) -> Response[bytes]:
    effect = await effect_of_deletion(services.database, principal, channel_id(public_id))
    view = effect_view(effect, await customer_names(services, principal))
    return await page(request, f"settings/channels/{act}.html", view, title=title, section=SECTION)


async def _switched(
    request: Request[Any, Any, Any], services: Services, principal: Principal, public_id: str, *, active: bool
) -> Response[bytes]:
    channel = await channel_at(services, principal, public_id)
    await form_of(request, ActForm)
    await channels.update_channel(
        services.database,
        services.vault,
        services.outlets,
        principal,
        channel.public_id,
        ChannelChange(is_active=active),
    )
    return see_other(request, f"{path_of(channel.public_id)}?done={'enabled' if active else 'disabled'}")
