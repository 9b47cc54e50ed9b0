"""Digests for an address that left them."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.params import FromPath

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.channels.unsubscribing import subscribe_again
from controller.pages.settings.channels.shared import channel_at
from controller.pages.settings.channels.view import path_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import see_other


class ReceiverForm(msgspec.Struct, frozen=True, kw_only=True):
    receiver: str


@post("/settings/channels/{public_id:str}/subscribe", opt={PERMISSION: Permission.MANAGE_CHANNELS})
async def subscribe_receiver(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Send an address the digests of the channel again."""
    channel = await channel_at(services, principal, public_id)
    form = await form_of(request, ReceiverForm)
    await subscribe_again(services.database, principal, channel.public_id, form.receiver)
    return see_other(request, f"{path_of(channel.public_id)}?done=subscribed")
