"""What a body changes in a channel, or sets in a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from controller.api.v1.channels.schemas import ChannelBody, ChannelPatch, ChannelValues
from controller.decisions.notification.channels import MINIMUM_DURATION, ONLY_FULL
from controller.errors import InvalidError, InvalidFieldsError
from controller.http.documents.mistakes import mistakes_in
from controller.model import Channel
from controller.model.notification.quiet_hours import QuietHours
from controller.model.values.digest import Digest
from controller.model.values.field_names import camel
from controller.operations.channels.channels import ChannelChange
from controller.operations.channels.typed_configs import WRITTEN, config_to_store

_STORED = {
    "name": "name",
    "enabled": "is_active",
    "priority": "priority",
    "delay": "delay_seconds",
    "packages": "allowed_package_types",
    "for_ops": "for_ops",
    "fact_changes": "fact_changes",
    "quiet_hours": "quiet_hours",
    "digest": "digest",
}
_CONDITIONS = {"min_incident_duration": MINIMUM_DURATION, "only_full_outages": ONLY_FULL}
_DEFAULTS = {
    field.name: field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    for field in msgspec.structs.fields(ChannelValues)
}


def type_of(body: ChannelBody) -> str:
    return str(body.config.__struct_config__.tag)


def written(config: msgspec.Struct) -> dict[str, Any]:
    """The members that were sent."""
    return {name: value for name, value in msgspec.structs.asdict(config).items() if value is not UNSET}


def new_change(body: ChannelBody, source: Mapping[str, Any] | None = None) -> ChannelChange:
    """What a whole body sets, in place of `source`, if there is one. Raises InvalidError."""
    sent = written(body.config)
    config = config_to_store(type_of(body), sent, source or {}, whole=source is not None)
    values = {name: getattr(body, name) for name in _STORED} | _plain(body)
    return _change(values, _conditions_of(body), {}, config)


def replacement(body: ChannelBody, found: Channel) -> ChannelChange:
    """Raises InvalidError."""
    require_same(body, found)
    config = config_to_store(found.type, written(body.config), found.config, whole=True)
    values = {name: getattr(body, name) for name in _STORED} | _plain(body)
    return _change(values, _conditions_of(body), found.conditions or {}, config)


def patched(body: ChannelPatch, found: Channel) -> ChannelChange:
    """Raises InvalidError."""
    sent = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    require_same(body, found)
    if sent.get("name", UNSET) is None or sent.get("config", UNSET) is None:
        field = "name" if sent.get("name", UNSET) is None else "config"
        raise InvalidError(field, "must not be null")
    values = {name: _DEFAULTS[name] if sent[name] is None else sent[name] for name in _STORED if name in sent}
    if values.get("quiet_hours") is not None:
        values["quiet_hours"] = _merged(values["quiet_hours"], found.quiet_hours, QuietHours, "quietHours")
    if values.get("digest") is not None:
        values["digest"] = _merged(values["digest"], found.digest, Digest, "digest")
    conditions = {key: sent[name] for name, key in _CONDITIONS.items() if name in sent}
    config = _patched_config(sent["config"], found) if "config" in sent else None
    return _change(values, conditions, found.conditions or {}, config)


def _plain(body: ChannelBody) -> dict[str, Any]:
    """What is stored as JSON."""
    return {name: msgspec.to_builtins(getattr(body, name)) for name in ("quiet_hours", "digest")}


def _merged(
    patch: msgspec.Struct, stored: dict[str, Any] | None, whole: type[msgspec.Struct], field: str
) -> dict[str, Any]:
    """Raises InvalidFieldsError."""
    changed = (stored or {}) | msgspec.to_builtins(patch)
    merged = {name: value for name, value in changed.items() if value is not None}
    if breaches := mistakes_in(merged, whole, field):
        raise InvalidFieldsError(breaches)
    return merged


def require_same(body: Any, found: Channel) -> None:
    """Refuse another type or owner than the channel has. Raises InvalidFieldsError."""
    type_ = type_of(body) if isinstance(body, ChannelBody) else _patched_type(body)
    breaches = [
        InvalidError(field, "cannot be changed")
        for field, sent, kept in (
            ("type", type_, found.type),
            ("customerId", body.customer_id, found.customer_public_id),
            ("monitorId", body.monitor_id, found.monitor_public_id),
        )
        if sent is not UNSET and sent != kept
    ]
    if breaches:
        raise InvalidFieldsError(breaches)


def _patched_type(body: Any) -> Any:
    inner = UNSET if body.config in (UNSET, None) else body.config.type
    return body.type if body.type is not UNSET else inner


def _patched_config(patch: msgspec.Struct, found: Channel) -> dict[str, Any]:
    """Raises InvalidError."""
    sent = written(patch)
    sent.pop("type", None)
    given = {camel(name): value for name, value in sent.items() if value is not None}
    if breaches := mistakes_in({"type": found.type, **given}, WRITTEN[found.type], "config"):
        raise InvalidFieldsError(breaches)
    return config_to_store(found.type, sent, found.config, whole=False)


def _change(
    values: dict[str, Any], given: Mapping[str, Any], found: Mapping[str, Any], config: dict[str, Any] | None
) -> ChannelChange:
    """`given` are new conditions, None or False for one that holds no longer; others stay as they were `found`."""
    kept = {name: value for name, value in {**found, **given}.items() if value is not None and value is not False}
    return ChannelChange(
        **{_STORED[name]: value for name, value in values.items()},
        conditions=kept or None,
        config=UNSET if config is None else config,
    )


def _conditions_of(body: ChannelBody) -> dict[str, Any]:
    return {key: getattr(body, name) for name, key in _CONDITIONS.items()}


def owner_of(customer: UUID | Any, monitor: UUID | Any) -> tuple[UUID | None, UUID | None]:
    """The ids that were sent, None for those that were not."""
    return customer if isinstance(customer, UUID) else None, monitor if isinstance(monitor, UUID) else None
