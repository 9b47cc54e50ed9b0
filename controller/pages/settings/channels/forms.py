"""The forms of channels: a struct for each type, and what is read from one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.notification.channels import MINIMUM_DURATION, ONLY_FULL
from controller.decisions.notification.fact_subscriptions import SUBSCRIPTIONS
from controller.errors import InvalidError, InvalidFieldsError
from controller.http.documents.mistakes import mistakes_in
from controller.model import Channel
from controller.model.values.field_names import camel
from controller.operations.channels.channels import ChannelChange
from controller.operations.channels.config_keys import CONFIG_KEYS, HEADERS, RETRY_ATTEMPTS, RETRY_DELAY, ConfigKey
from controller.operations.channels.typed_configs import WRITTEN, config_item, config_to_store
from controller.pages.settings.channels.digest_form import (
    DIGEST_ERRORS,
    DIGEST_NAMES,
    digest_of,
    values_of_digest,
)
from controller.pages.settings.channels.quiet_form import (
    QUIET_ERRORS,
    QUIET_NAMES,
    quiet_hours_of,
    values_of_quiet_hours,
)
from controller.vault import MASK, is_secret

_LISTS = frozenset({"to", "expected_status_codes"})
_COMMON = (
    "name",
    "customer",
    "enabled",
    "priority",
    "delay",
    "shortest",
    "only_full",
    "packages",
    "for_ops",
    "sealed",
    "version",
)
# Each has a box of its own, so that all values of a form are texts.
_QUIET = (*QUIET_NAMES, *DIGEST_NAMES)
_FACTS = tuple(one.value for one in SUBSCRIPTIONS)
_WHOLE_NUMBERS = frozenset({RETRY_ATTEMPTS, RETRY_DELAY})
_NUMBERS = {"priority": "priority", "delay": "delay_seconds"}
NEW: dict[str, str] = {
    **dict.fromkeys((*_COMMON, *_FACTS, *_QUIET), ""),
    "enabled": "on",
    "priority": "1",
    "delay": "0",
}
"""The values of an empty form."""


BOXES = frozenset({"enabled", "only_full", "for_ops", *_FACTS, "quiet_down", "quiet_partial"})


def forget(name: str) -> str:
    """The name of the box that removes a stored secret."""
    return f"forget_{name}"


def _form(type_: str, keys: tuple[ConfigKey, ...]) -> type[msgspec.Struct]:
    names = [*_COMMON, *_FACTS, *_QUIET, *(key.name for key in keys), *(forget(key.name) for key in keys if key.secret)]
    fields: list[Any] = [(name, str, "") for name in names]
    return msgspec.defstruct(f"{type_.title()}ChannelForm", fields, frozen=True, kw_only=True)


FORMS = {type_: _form(type_, keys) for type_, keys in CONFIG_KEYS.items()}


def names_in_form(type_: str) -> dict[str, str]:
    """The fields of a form by the names that errors have."""
    first = CONFIG_KEYS[type_][0].name
    return {
        **{f"config.{camel(key.name)}": key.name for key in CONFIG_KEYS[type_]},
        "minIncidentDuration": "shortest",
        "customerId": "customer",
        "forOps": "for_ops",
        **QUIET_ERRORS,
        **DIGEST_ERRORS,
        "config": first,
    }


def values_of_channel(channel: Channel, config: Mapping[str, Any]) -> dict[str, str]:
    """A stored channel as its form shows it; secrets are left out."""
    item = config_item(channel, config)
    values = {
        **dict.fromkeys(FORMS[channel.type].__struct_fields__, ""),
        "name": channel.name,
        "customer": str(channel.customer_public_id or ""),
        "enabled": "on" if channel.is_active else "",
        "priority": str(channel.priority),
        "delay": str(channel.delay_seconds),
        "shortest": str((channel.conditions or {}).get(MINIMUM_DURATION) or ""),
        "only_full": "on" if (channel.conditions or {}).get(ONLY_FULL) is True else "",
        "packages": ", ".join(channel.allowed_package_types or ()),
        "for_ops": "on" if channel.for_ops else "",
        **{name: "on" for name in _FACTS if name in channel.fact_changes},
        **values_of_quiet_hours(channel.quiet_hours),
        **values_of_digest(channel.digest),
    }
    for key in CONFIG_KEYS[channel.type]:
        if key.name == HEADERS:
            values[HEADERS] = header_lines({**item.headers, **dict.fromkeys(item.secret_headers, MASK)})  # type: ignore[attr-defined]
        elif not key.secret:
            values[key.name] = _text_of(getattr(item, key.name))
    return values


def fields_to_compare(type_: str) -> list[str]:
    """The fields that can be changed and shown: no secrets, and nothing that the form has only for itself."""
    common = [name for name in (*_COMMON, *_FACTS, *_QUIET) if name not in {"customer", "sealed", "version"}]
    return [*common, *(key.name for key in CONFIG_KEYS[type_] if not key.secret)]


def header_lines(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def secrets_of(type_: str, form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The secrets that were typed now, or `before` in this form, by their fields; those of headers by their names."""
    found: dict[str, Any] = {}
    for key in CONFIG_KEYS[type_]:
        if key.secret and not form[forget(key.name)]:
            if value := form[key.name].strip() or before.get(key.name, ""):
                found[key.name] = value
        elif key.name == HEADERS:
            known = before.get(HEADERS, {})
            given = {
                name: known.get(name, "") if value == MASK else value for name, value in _headers_in(form[HEADERS])
            }
            if hidden := {name: value for name, value in given.items() if is_secret(name) and value}:
                found[HEADERS] = hidden
    return found


def without_secrets_of(type_: str, form: Mapping[str, str]) -> dict[str, str]:
    """The values of a form to show again: those of secret headers are masked, other secrets are left out."""
    shown = dict(form)
    for key in CONFIG_KEYS[type_]:
        if key.secret:
            shown[key.name] = ""
        elif key.name == HEADERS and HEADERS in form:
            pairs = _headers_in(form[HEADERS])
            lines = [f"{name}: {MASK if is_secret(name) and value else value}" for name, value in pairs]
            shown[HEADERS] = "\n".join(lines) if pairs else form[HEADERS]
    return shown


def config_of(
    type_: str, form: Mapping[str, str], secrets: Mapping[str, Any], stored: Mapping[str, Any]
) -> dict[str, Any]:
    """What operations merge into the stored config. Raises InvalidFieldsError."""
    mistakes: list[InvalidError] = []
    sent: dict[str, Any] = {}
    for key in CONFIG_KEYS[type_]:
        if key.name == HEADERS:
            sent[HEADERS] = _headers(form[HEADERS], secrets.get(HEADERS, {}), stored.get(HEADERS) or {}, mistakes)
        elif key.secret:
            if key.name in secrets:
                sent[key.name] = secrets[key.name]
            elif form[forget(key.name)]:
                sent[key.name] = None
        else:
            sent[key.name] = _value_of(key.name, form[key.name], stored.get(key.stored), mistakes)
    given = {camel(name): value for name, value in sent.items() if value is not None and name != HEADERS}
    mistakes += mistakes_in({"type": type_, **given}, WRITTEN[type_], "config")
    if mistakes:
        raise InvalidFieldsError(mistakes)
    return config_to_store(type_, sent, stored, whole=True)


def change_of_channel(form: Mapping[str, str], config: dict[str, Any], conditions: Mapping[str, Any]) -> ChannelChange:
    """What the form sets besides its owner. Raises InvalidFieldsError."""
    mistakes: list[InvalidError] = []
    numbers = {stored: _number(form[name] or NEW[name], name, mistakes) for name, stored in _NUMBERS.items()}
    kept = {name: value for name, value in conditions.items() if name not in {MINIMUM_DURATION, ONLY_FULL}}
    if form["only_full"] == "on":
        kept[ONLY_FULL] = True
    if form["shortest"].strip():
        kept[MINIMUM_DURATION] = _number(form["shortest"], "minIncidentDuration", mistakes)
    quiet = quiet_hours_of(form, mistakes)
    digest = digest_of(form, mistakes)
    if mistakes:
        raise InvalidFieldsError(mistakes)
    return ChannelChange(
        name=form["name"],
        config=config,
        priority=numbers["priority"],
        delay_seconds=numbers["delay_seconds"],
        conditions=kept or None,
        is_active=form["enabled"] == "on",
        allowed_package_types=_words(form["packages"]) or None,
        for_ops=form["for_ops"] == "on",
        fact_changes=[name for name in _FACTS if form[name] == "on"],
        quiet_hours=quiet,
        digest=digest,
    )


def customer_in(form: Mapping[str, str]) -> UUID | None:
    """Raises InvalidError."""
    try:
        return UUID(form["customer"]) if form["customer"] else None
    except ValueError:
        raise InvalidError("customer", "must be one of the list") from None


def _value_of(name: str, text: str, stored: Any, mistakes: list[InvalidError]) -> Any:
    text = text.strip()
    if name in _LISTS:
        words: list[Any] = _words(text)
        if name == "to":
            return words
        return [int(word) if word.isdecimal() and len(word) < 5 else word for word in words] or None
    if not text:
        return None
    if name in _WHOLE_NUMBERS:
        return _number(text, f"config.{camel(name)}", mistakes)
    if name == "timeout":
        try:
            return float(text)
        except ValueError:
            mistakes.append(InvalidError("config.timeout", "must be a number of seconds"))
            return None
    if name == "body_template" and text[0] in "{[" and text != stored:
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return text
    return text


def _headers(
    text: str, secrets: Mapping[str, str], stored: Mapping[str, Any], mistakes: list[InvalidError]
) -> dict[str, str | None]:
    """Secret headers that are stored and not there any more are removed; masked ones stay."""
    found: dict[str, str | None] = {}
    for line in filter(str.strip, text.splitlines()):
        if not line.partition(":")[0].strip() or ":" not in line:
            mistakes.append(InvalidError("config.headers", "must be one header a line, as “Name: value”"))
            return {}
    given = _headers_in(text)
    for name, value in given:
        if value != MASK:
            found[name] = value
        elif name in secrets:
            found[name] = secrets[name]
        elif name not in stored:
            mistakes.append(InvalidError("config.headers", f"must have the value of {name} again"))
    removed = {name: None for name in stored if is_secret(name) and name not in dict(given)}
    return {**found, **removed}


def _headers_in(text: str) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _words(text: str) -> list[str]:
    return [word for part in text.replace(";", ",").replace("\n", ",").split(",") if (word := part.strip())]


def _number(text: str, field: str, mistakes: list[InvalidError]) -> int:
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        mistakes.append(InvalidError(field, "must be a whole number"))
        return 0
    return int(text)


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ", ".join(map(str, value))
    if isinstance(value, dict | list):
        return msgspec.json.format(msgspec.json.encode(value)).decode()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
