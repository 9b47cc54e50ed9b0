"""The typed config of a channel, both ways: to what is stored, and from what is stored, without its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.model import Channel
from controller.model.values.field_names import camel
from controller.notify.addresses import email_addresses, phone_numbers
from controller.operations.channels.config_keys import CHECKS_OF_ITEMS, CONFIG_KEYS, HEADERS, HOOK, ConfigKey
from controller.vault import MASK, is_secret

_LISTS = {"email": email_addresses, "sms": phone_numbers}
_HOOKS = (HOOK, "url", "webhookUrl")
_HAS = Annotated[bool, Meta(description="Whether there is one; it is never answered.")]


def _has(key: ConfigKey) -> str:
    return f"has_{key.name}"


def _written(name: str, keys: tuple[ConfigKey, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        f"{name.title()}ChannelConfig",
        [(key.name, key.kind | UnsetType | None, UNSET) for key in keys],
        namespace={
            "__doc__": f"The config of a channel of the type {name}.",
            "IGNORED": frozenset({camel(_has(key)) for key in keys if key.secret} | {"secretHeaders"}),
        },
        tag_field="type",
        tag=name,
        frozen=True,
        kw_only=True,
        rename="camel",
        forbid_unknown_fields=True,
    )


def _shown(name: str, keys: tuple[ConfigKey, ...]) -> type[msgspec.Struct]:
    fields: list[Any] = [(_has(key), _HAS) if key.secret else (key.name, key.kind | None) for key in keys]
    if any(key.name == HEADERS for key in keys):
        fields.append(("secret_headers", Annotated[list[str], Meta(description="Headers that are not answered.")]))
    return msgspec.defstruct(
        f"{name.title()}ChannelConfigItem",
        fields,
        namespace={"__doc__": f"The config of a channel of the type {name}, without its secrets."},
        tag_field="type",
        tag=name,
        frozen=True,
        kw_only=True,
        rename="camel",
    )


WRITTEN = {name: _written(name, keys) for name, keys in CONFIG_KEYS.items()}
SHOWN = {name: _shown(name, keys) for name, keys in CONFIG_KEYS.items()}

if TYPE_CHECKING:
    AnyChannelConfig = msgspec.Struct
    AnyChannelConfigItem = msgspec.Struct
else:
    AnyChannelConfig = reduce(or_, WRITTEN.values())
    AnyChannelConfigItem = reduce(or_, SHOWN.values())


def config_to_store(type_: str, sent: Mapping[str, Any], stored: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """What operations merge into the stored config: `sent` are members by our names, as far as they were sent, and
    None removes one. A `whole` config also removes what is not a secret and was not sent. Raises InvalidError.
    """
    known = {key.name: key for key in CONFIG_KEYS[type_]}
    for name in sent:
        if name not in known:
            raise InvalidError(f"config.{camel(name)}", "is not a known field")
    changes: dict[str, Any] = {}
    for name, key in known.items():
        if name not in sent and (key.secret or (not whole and name != HEADERS)):
            continue
        value = sent.get(name)
        if name == HEADERS:
            changes[key.stored] = _headers(value, stored, whole=whole, sent=name in sent)
        elif key.secret:
            changes[key.stored] = "" if value is None else value
        else:
            changes[key.stored] = _joined(type_, value) if type_ in _LISTS else value
    if type_ == "email" and "email" in changes:
        changes["to"] = None
    return changes


def config_item(channel: Channel, config: Mapping[str, Any]) -> AnyChannelConfigItem:
    """`config` is the stored one as the caller may see it."""
    values: dict[str, Any] = {}
    for key in CONFIG_KEYS[channel.type]:
        if key.secret:
            values[_has(key)] = any(
                channel.config.get(name) for name in ((*_hooks(channel.type),) if key.stored == HOOK else (key.stored,))
            )
        elif key.name == HEADERS:
            given = config.get(HEADERS) or {}
            values[HEADERS] = {name: value for name, value in given.items() if not is_secret(name)}
            values["secret_headers"] = sorted(name for name in given if is_secret(name))
        elif channel.type in _LISTS:
            values[key.name] = list(_LISTS[channel.type](config))
        else:
            values[key.name] = _readable(key, config.get(key.stored))
    return SHOWN[channel.type](**values)


def _hooks(type_: str) -> tuple[str, ...]:
    """The keys under which an incoming webhook's URL may be stored."""
    plain = {key.stored for key in CONFIG_KEYS[type_] if not key.secret}
    return tuple(name for name in _HOOKS if name not in plain)


def _readable(key: ConfigKey, value: Any) -> Any:
    """The value as its type has it; another group of routes may have stored another form, such as "200,201"."""
    if key.stored == "expectedStatusCodes" and not isinstance(value, list):
        value = [int(text) for text in str(value or "").replace(",", " ").split() if text.isdecimal()] or None
    if key.stored == "method" and isinstance(value, str):
        value = value.upper()
    try:
        return msgspec.convert(value, key.kind | None)
    except msgspec.ValidationError:
        return None


def _headers(value: Any, stored: Mapping[str, Any], *, whole: bool, sent: bool) -> dict[str, Any] | None:
    before = stored.get(HEADERS) or {}
    if sent and value is None:
        return None
    changes = value or {}
    kept = {name: MASK if is_secret(name) else item for name, item in before.items() if is_secret(name) or not whole}
    result = {**kept, **changes}
    return {name: item for name, item in result.items() if item is not None} or None


def _joined(type_: str, texts: list[str] | None) -> str | None:
    """Raises InvalidError."""
    for index, text in enumerate(texts or ()):
        CHECKS_OF_ITEMS[type_](text, field=f"config.to[{index}]")
    return None if texts is None else ", ".join(texts)
