"""What the form of a channel shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from controller.decisions.notification.fact_subscriptions import SUBSCRIPTIONS
from controller.model import Channel, Customer
from controller.notify.webhook.sender import METHODS
from controller.operations.channels.config_keys import CONFIG_KEYS, ConfigKey
from controller.operations.channels.typed_configs import config_item
from controller.pages.settings.channels.advice import TriedView
from controller.pages.settings.channels.digest_form import DIGEST_CHOICES
from controller.pages.settings.channels.forms import forget
from controller.pages.settings.channels.quiet_preview import QuietPreview
from controller.pages.settings.channels.view import path_of
from controller.pages.settings.channels.words import LONG, RARE, kind_label, words_of_field


class ConfigFieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the config. `stored`: a secret is there, stored or typed before, and is kept when nothing is typed."""

    name: str
    label: str
    hint: str
    example: str
    secret: bool
    stored: bool
    forget: str
    long: bool
    choices: list[tuple[str, str]]


class ChannelFormView(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a new channel, or of `path`'s. `owner` is named where it cannot be changed any more. `more` are the
    fields that most people leave alone; they are unfolded when `unfolded`. `facts` are the boxes of changes of servers:
    name, label and hint. `quiet` is what the quiet hours mean; `explain` says so of what is typed. `digests` are the
    choices of when a digest is sent; none for a type that has no digest.
    """

    type: str
    kind: str
    path: str
    action: str
    test: str
    explain: str
    form: dict[str, str]
    problems: dict[str, str]
    fields: list[ConfigFieldView]
    more: list[ConfigFieldView]
    unfolded: bool
    facts: list[tuple[str, str, str]]
    digests: list[tuple[str, str]]
    customers: list[tuple[str, str]]
    everybody: bool
    operating: bool
    tried: TriedView | None
    quiet: QuietPreview
    done: str = ""


def channel_form_view(
    type_: str,
    form: dict[str, str],
    problems: dict[str, str],
    kept: Mapping[str, Any],
    *,
    channel: Channel | None,
    customers: Sequence[Customer],
    everybody: bool,
    operating: bool,
    tried: TriedView | None,
    quiet: QuietPreview,
) -> ChannelFormView:
    """`kept` are the secrets that were typed before. `everybody`: the person may make channels of the organization."""
    fields = [_field(type_, key.name, key.secret, _is_kept(key, kept, channel)) for key in CONFIG_KEYS[type_]]
    rare = {one.name for one in fields if one.name in RARE and len(fields) > 1}
    here = path_of(channel.public_id) if channel else "/settings/channels"
    new = f"/settings/channels/new?type={type_}"
    usual = {"priority": "1", "delay": "0", "shortest": "", "only_full": "", "packages": "", "for_ops": ""}
    return ChannelFormView(
        type=type_,
        kind=kind_label(type_),
        path=here,
        action=f"{here}/edit" if channel else new,
        test=f"{here}/edit/test" if channel else f"/settings/channels/new/test?type={type_}",
        explain=f"{here}/edit/quiet" if channel else f"/settings/channels/new/quiet?type={type_}",
        form=form,
        problems=problems,
        fields=[one for one in fields if one.name not in rare],
        more=[one for one in fields if one.name in rare],
        unfolded=any(form[name] != value for name, value in usual.items())
        or any(form[name] for name in rare)
        or bool(problems.keys() & (rare | usual.keys())),
        facts=[(one.value, words.label, words.description) for one, words in SUBSCRIPTIONS.items()],
        digests=DIGEST_CHOICES if type_ == "email" else [],
        customers=[(str(one.public_id), one.name) for one in customers],
        everybody=everybody,
        operating=operating,
        tried=tried,
        quiet=quiet,
    )


def _field(type_: str, name: str, secret: bool, stored: bool) -> ConfigFieldView:
    words = words_of_field(type_, name)
    return ConfigFieldView(
        name=name,
        label=words.label,
        hint=words.hint,
        example=words.example,
        secret=secret,
        stored=stored,
        forget=forget(name),
        long=name in LONG,
        choices=[("", "POST (the usual one)"), *((one, one) for one in METHODS)] if name == "method" else [],
    )


def _is_kept(key: ConfigKey, kept: Mapping[str, Any], channel: Channel | None) -> bool:
    if not key.secret:
        return False
    item = config_item(channel, channel.config) if channel else None
    return key.name in kept or bool(getattr(item, f"has_{key.name}", False))
