"""Draws the form of a new or of a stored channel, and reads what was sent of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from litestar import Request, Response

from controller.errors import (
    DomainError,
    InvalidError,
    InvalidFieldsError,
    LimitedError,
    NotFoundError,
    PreconditionFailedError,
    UnknownCustomerError,
)
from controller.http.services import Services
from controller.model import Channel, Principal
from controller.operations.accounts.customers import list_customers
from controller.operations.accounts.organizations import get_organization
from controller.operations.channels.channel_configs import shown
from controller.operations.channels.config_keys import HEADERS
from controller.operations.channels.listing import may_serve_ops
from controller.pages.settings.channels.advice import TriedView, incomplete
from controller.pages.settings.channels.form_view import channel_form_view
from controller.pages.settings.channels.forms import (
    BOXES,
    FORMS,
    fields_to_compare,
    names_in_form,
    secrets_of,
    values_of_channel,
    without_secrets_of,
)
from controller.pages.settings.channels.quiet_preview import quiet_preview
from controller.pages.settings.channels.shared import SECTION
from controller.pages.settings.channels.words import kind_label
from controller.pages.settings.sealed import seal, unseal
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page
from controller.pages.shell.problems import ELSEWHERE, problems_of, values_of
from controller.pages.shell.versions import BOX, differing, form_status, problems_of_conflict
from shared.clock import utc_now


class FilledForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was sent: its values, and the secrets that were typed now or before."""

    values: dict[str, str]
    secrets: dict[str, Any]


async def form_page(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    filled: FilledForm,
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
        stored = stored_values(channel)
        values["version"] = stored["version"]
        names = differing({name: values[name] for name in fields_to_compare(type_)}, stored)
        problems = problems_of_conflict("this channel", names, stored, dict.fromkeys(BOXES, BOX))
    else:
        problems = _problems(type_, error, values)
    organization = await get_organization(services.database, principal)
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
        quiet=quiet_preview(type_, values, organization.time_zone, utc_now()),
    )
    title = f"Edit {channel.name}" if channel else f"New channel: {kind_label(type_)}"
    return await page(
        request, "settings/channels/form.html", view, title=title, section=SECTION, status=form_status(error)
    )


def stored_values(channel: Channel) -> dict[str, str]:
    """The form of a channel as it is stored, without its secrets."""
    values = values_of_channel(channel, shown(channel.config, whole=True)[0])
    return values | {"version": channel.updated_at.isoformat()}


def _problems(type_: str, error: DomainError | None, values: dict[str, str]) -> dict[str, str]:
    if error is None:
        return {}
    if isinstance(error, LimitedError):
        return {ELSEWHERE: f"{error}."}
    return problems_of(error, values.keys() - {"sealed", "version"}, names_in_form(type_))


async def filled_form(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    type_: str,
    channel: Channel | None = None,
) -> FilledForm:
    values = values_of(await form_of(request, FORMS[type_]))
    if HEADERS in values:
        values[HEADERS] = values[HEADERS].replace("\r\n", "\n")
    before = unseal(services.vault, principal, _about(type_, channel), values["sealed"], utc_now())
    return FilledForm(values=values, secrets=secrets_of(type_, values, before))


def _about(type_: str, channel: Channel | None) -> str:
    return f"{type_} {channel.public_id if channel else ''}"


def type_in(request: Request[Any, Any, Any]) -> str:
    """Raises NotFoundError."""
    type_ = request.query_params.get("type", "")
    if type_ not in FORMS:
        raise NotFoundError("There is no such type of channel.")
    return type_


@contextmanager
def mistakes_of_operations() -> Iterator[None]:
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
